\set x 1
COPY t FROM stdin;
1	2
\.
SELECT (1;2);

--
-- PostgreSQL database dump
--

\restrict kfYxUzV1cMbPqRjW0aTn

-- Dumped from database version 15.18

SET client_encoding = 'UTF8';
CREATE TABLE public.a (id integer, name text DEFAULT '
\restrict x
');

--
-- PostgreSQL database dump complete
--

\unrestrict kfYxUzV1cMbPqRjW0aTn


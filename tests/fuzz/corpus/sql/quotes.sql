SELECT 'a;b', E'\';', "c;d", U&'x', $$;$$, $t$ ; $$ $t$; /* ; /* ; */ */ -- ;
CREATE INDEX CONCURRENTLY i ON t (a);

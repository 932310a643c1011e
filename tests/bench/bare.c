/* The least a program can do at a boot with nothing to do: connect, ask the catalog one question, become the
 * application. bare CONNINFO TABLE APP [ARG…] */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 4)
        return 64;
    PGconn *connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK) {
        fputs(PQerrorMessage(connection), stderr);
        return 69;
    }
    const char *parameters[] = { argv[2] };
    PGresult *result =
        PQexecParams(connection, "SELECT to_regclass($1) IS NOT NULL", 1, NULL, parameters, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || strcmp(PQgetvalue(result, 0, 0), "t") != 0)
        return 65;
    PQclear(result);
    PQfinish(connection);
    execvp(argv[3], argv + 3);
    return 127;
}

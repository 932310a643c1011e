#include "project/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384

enum { AS_IT_IS, LF, CRLF };

struct digests {
    EVP_MD_CTX **contexts;
    bool carriage_returns; /* there was one: only then LF is another digest than AS_IT_IS */
    bool carriage_return;  /* the last chunk's end, not yet in the LF digest */
};

static bool update(EVP_MD_CTX *context, const unsigned char *bytes, size_t length)
{
    return EVP_DigestUpdate(context, bytes, length) == 1;
}

/* A CR is held back until it is known whether a LF follows. */
static bool update_lf(struct digests *digests, const unsigned char *bytes, size_t length)
{
    unsigned char out[CHUNK + 1];
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (digests->carriage_return && bytes[i] != '\n') {
            out[used++] = '\r';
        }
        digests->carriage_return = bytes[i] == '\r';
        if (!digests->carriage_return) {
            out[used++] = bytes[i];
        }
    }
    return update(digests->contexts[LF], out, used);
}

static bool update_crlf(struct digests *digests, const unsigned char *bytes, size_t length)
{
    unsigned char out[2 * CHUNK];
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            out[used++] = '\r';
        }
        out[used++] = bytes[i];
    }
    return update(digests->contexts[CRLF], out, used);
}

static bool update_all(struct digests *digests, const unsigned char *bytes, size_t length)
{
    EVP_MD_CTX **contexts = digests->contexts;

    if (!digests->carriage_returns && memchr(bytes, '\r', length) != NULL) {
        digests->carriage_returns = EVP_MD_CTX_copy_ex(contexts[LF], contexts[AS_IT_IS]) == 1;
        if (!digests->carriage_returns) {
            return false;
        }
    }
    return update(contexts[AS_IT_IS], bytes, length) && update_crlf(digests, bytes, length) &&
           (!digests->carriage_returns || update_lf(digests, bytes, length));
}

static bool digest_all(struct digests *digests, int fd)
{
    unsigned char bytes[CHUNK];

    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 && (!digests->carriage_return || update(digests->contexts[LF], (unsigned char *)"\r", 1));
        }
        if (!update_all(digests, bytes, (size_t)got)) {
            return false;
        }
    }
}

static const char *hex(EVP_MD_CTX *context, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (EVP_DigestFinal_ex(context, digest, &length) != 1) {
        return NULL;
    }

    char *text = arena_alloc(arena, 2 * (size_t)length + 1);

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 0xf];
    }
    return text;
}

/* Made once: to look up an algorithm takes OpenSSL 3 longer than to digest a migration (EVP_MD_fetch(3), NOTES). */
static EVP_MD_CTX **contexts(void)
{
    static EVP_MD_CTX *made[CHECKSUMS];

    for (int i = 0; i < CHECKSUMS; i++) {
        made[i] = made[i] != NULL ? made[i] : EVP_MD_CTX_new();
        if (made[i] == NULL) {
            return NULL;
        }

        const EVP_MD *known = EVP_MD_CTX_get0_md(made[i]);

        if (EVP_DigestInit_ex(made[i], known != NULL ? NULL : EVP_sha256(), NULL) != 1) {
            return NULL;
        }
    }
    return made;
}

static bool digest_file(int fd, const char *checksums[CHECKSUMS], struct arena *arena)
{
    struct digests digests = { .contexts = contexts() };

    errno = ENOMEM; /* what a failure of libcrypto comes down to here; read says its own */
    if (digests.contexts == NULL || !digest_all(&digests, fd)) {
        return false;
    }
    checksums[AS_IT_IS] = hex(digests.contexts[AS_IT_IS], arena);
    checksums[CRLF] = hex(digests.contexts[CRLF], arena);
    checksums[LF] = digests.carriage_returns ? hex(digests.contexts[LF], arena) : checksums[AS_IT_IS];
    return checksums[AS_IT_IS] != NULL && checksums[CRLF] != NULL && checksums[LF] != NULL;
}

bool checksum_file(const char *path, const char *checksums[CHECKSUMS], struct arena *arena)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0) {
        return false;
    }

    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);

    errno = good ? 0 : EINVAL;
    good = good && digest_file(fd, checksums, arena);

    int saved = errno;

    close(fd);
    errno = saved;
    return good;
}

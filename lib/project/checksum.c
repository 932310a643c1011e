#include "project/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384

enum variant { AS_IT_IS, WITH_LF, WITH_CRLF };

struct digests {
    EVP_MD_CTX *contexts[CHECKSUMS]; /* NULL: so far like the file as it is */
    bool carriage_return;            /* the last chunk's end, not yet in the LF digest */
};

static bool update(EVP_MD_CTX *context, const unsigned char *bytes, size_t length)
{
    return EVP_DigestUpdate(context, bytes, length) == 1;
}

/* A variant goes its own way from the first byte on that it changes. */
static bool part(struct digests *digests, enum variant variant, int changed, const unsigned char *bytes, size_t length)
{
    EVP_MD_CTX **context = &digests->contexts[variant];

    if (*context == NULL && memchr(bytes, changed, length) != NULL) {
        *context = EVP_MD_CTX_new();
        return *context != NULL && EVP_MD_CTX_copy_ex(*context, digests->contexts[AS_IT_IS]) == 1;
    }
    return true;
}

/* A CR is held back until it is known whether a LF follows. */
static bool update_lf(struct digests *digests, const unsigned char *bytes, size_t length)
{
    unsigned char out[CHUNK + 1];
    size_t used = 0;

    if (digests->contexts[WITH_LF] == NULL) {
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if (digests->carriage_return && bytes[i] != '\n') {
            out[used++] = '\r';
        }
        digests->carriage_return = bytes[i] == '\r';
        if (!digests->carriage_return) {
            out[used++] = bytes[i];
        }
    }
    return update(digests->contexts[WITH_LF], out, used);
}

static bool update_crlf(struct digests *digests, const unsigned char *bytes, size_t length)
{
    unsigned char out[2 * CHUNK];
    size_t used = 0;

    if (digests->contexts[WITH_CRLF] == NULL) {
        return true;
    }
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            out[used++] = '\r';
        }
        out[used++] = bytes[i];
    }
    return update(digests->contexts[WITH_CRLF], out, used);
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
            return got == 0 &&
                   (!digests->carriage_return || update(digests->contexts[WITH_LF], (unsigned char *)"\r", 1));
        }
        if (!part(digests, WITH_LF, '\r', bytes, (size_t)got) || !part(digests, WITH_CRLF, '\n', bytes, (size_t)got) ||
            !update(digests->contexts[AS_IT_IS], bytes, (size_t)got) || !update_lf(digests, bytes, (size_t)got) ||
            !update_crlf(digests, bytes, (size_t)got)) {
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

static bool digest_file(int fd, const char *checksums[CHECKSUMS], struct arena *arena)
{
    struct digests digests = { .contexts = { EVP_MD_CTX_new() } };
    bool good =
        digests.contexts[AS_IT_IS] != NULL && EVP_DigestInit_ex(digests.contexts[AS_IT_IS], EVP_sha256(), NULL) == 1;

    errno = ENOMEM; /* what a failure of libcrypto comes down to here; read says its own */
    good = good && digest_all(&digests, fd);
    for (int i = 0; i < CHECKSUMS; i++) {
        checksums[i] = good && digests.contexts[i] != NULL ? hex(digests.contexts[i], arena) : NULL;
        good = good && (checksums[i] != NULL || digests.contexts[i] == NULL);
    }
    for (int i = 0; i < CHECKSUMS; i++) {
        EVP_MD_CTX_free(digests.contexts[i]);
    }
    return good;
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

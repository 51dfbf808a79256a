/* A national token in software: the part of GM/T 0016 (SKF) that a program needs to sign and to open, over OpenSSL 3.
 *
 * SKF_DEVICES is the folder of devices. A device is a folder: files "serial" and "label", "plugged" (a number that grows with
 * each insertion) and one folder for each application: "pin", "left" (tries), "max", and one folder for each container:
 * sign.pem, sign.der, encrypt.pem, encrypt.der (private key and certificate; any of them may be absent).
 * The security state is the device's, not the process's: file "open" in the application, which holds the value of "plugged".
 * SKF_ORDERS is the folder of orders, one file each:
 *   removed  no device is there          stall    every signature takes a minute
 *   crash    the next signature ends the process                noise    every call prints to standard output
 *   fails    looking for devices is an error          silent   nothing is said about the PIN before a try
 *   slow     milliseconds before a signature; a device that is pulled meanwhile is missed
 * Built by the tests: cc -shared -fPIC … -lcrypto */
#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef uint32_t ULONG;
typedef int32_t BOOL;
typedef unsigned char BYTE;
typedef void *HANDLE;
enum {
    OK = 0, FAIL = 0x0A000001, NOT_SUPPORTED = 0x0A000003, INVALID_HANDLE = 0x0A000005, INVALID_PARAM = 0x0A000006,
    DATA_LENGTH = 0x0A000010, DATA_ERROR = 0x0A000011, KEY_NOT_FOUND = 0x0A00001B, CERT_NOT_FOUND = 0x0A00001C,
    PADDING = 0x0A00001E, TOO_SMALL = 0x0A000020, REMOVED = 0x0A000023, PIN_INCORRECT = 0x0A000024,
    PIN_LOCKED = 0x0A000025, PIN_LENGTH = 0x0A000027, NOT_LOGGED_IN = 0x0A00002D, NO_APPLICATION = 0x0A00002E
};
enum { SM4_CBC = 0x402, USER = 1 };

#pragma pack(push, 1)
typedef struct {
    BYTE version[2];
    char manufacturer[64], issuer[64], label[32], serial[32];
    BYTE hardware[2], firmware[2];
    ULONG symmetric, asymmetric, hash, device_auth, total, free, max_ecc, max_buffer;
    BYTE reserved[64];
} DEVINFO;
typedef struct { BYTE r[64], s[64]; } ECCSIGNATUREBLOB;
typedef struct { BYTE x[64], y[64], hash[32]; ULONG length; BYTE cipher[1]; } ECCCIPHERBLOB;
typedef struct { BYTE iv[32]; ULONG iv_length, padding, feed_bits; } BLOCKCIPHERPARAM;
#pragma pack(pop)

typedef struct {
    char kind; /* d, a, c, k */
    char device[64], path[900];
    int plugged;
    BYTE key[16];
    BLOCKCIPHERPARAM parameters;
} Object;

static Object *objects[4096];

static int ordered(const char *name) {
    char path[1024];
    const char *folder = getenv("SKF_ORDERS");
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/noise", folder);
    if (access(path, F_OK) == 0) { printf("vendor says hello\n"); fflush(stdout); }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}
static int read_text(char *text, size_t room, const char *folder, const char *name) {
    char path[1100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) { text[0] = 0; return -1; }
    size_t length = fread(text, 1, room - 1, file);
    fclose(file);
    text[length] = 0;
    return (int)length;
}
static int read_number(const char *folder, const char *name) {
    char text[32];
    read_text(text, sizeof text, folder, name);
    return atoi(text);
}
static void write_number(const char *folder, const char *name, int number) {
    char path[1100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file) { fprintf(file, "%d", number); fclose(file); }
}
static void device_path(char *path, size_t room, const char *name) { snprintf(path, room, "%s/%s", getenv("SKF_DEVICES"), name); }
static int present(const char *device) {
    char path[1024];
    struct stat status;
    device_path(path, sizeof path, device);
    return !ordered("removed") && stat(path, &status) == 0;
}
static Object *add(char kind, const char *device, const char *path) {
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (!objects[i]) {
            char folder[1024];
            Object *object = objects[i] = calloc(1, sizeof *object);
            object->kind = kind;
            snprintf(object->device, sizeof object->device, "%s", device);
            snprintf(object->path, sizeof object->path, "%s", path);
            device_path(folder, sizeof folder, device);
            object->plugged = read_number(folder, "plugged");
            return object;
        }
    return NULL;
}
/* The object behind a handle; in *rv why there is none: a device that was pulled is gone for its old handles even when it is back. */
static Object *of(HANDLE handle, char kind, ULONG *rv) {
    char folder[1024];
    *rv = INVALID_HANDLE;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (objects[i] && objects[i] == handle && objects[i]->kind == kind) {
            device_path(folder, sizeof folder, objects[i]->device);
            *rv = present(objects[i]->device) && read_number(folder, "plugged") == objects[i]->plugged ? OK : REMOVED;
            return *rv ? NULL : objects[i];
        }
    return NULL;
}
static ULONG drop(HANDLE handle) {
    for (size_t i = 0; handle && i < sizeof objects / sizeof *objects; i++)
        if (objects[i] == handle) { free(objects[i]); objects[i] = NULL; return OK; }
    return INVALID_HANDLE;
}
/* Names of the folders in a folder, each with its zero, and one more at the end. */
static ULONG names(const char *folder, char *list, ULONG *size, int devices) {
    char found[8192], path[2048];
    size_t length = 0;
    struct stat status;
    DIR *directory = opendir(folder);
    if (directory) {
        for (struct dirent *entry; (entry = readdir(directory));) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            if (entry->d_name[0] == '.' || stat(path, &status) || !S_ISDIR(status.st_mode)) continue;
            if ((devices && !present(entry->d_name)) || length + strlen(entry->d_name) + 2 > sizeof found) continue;
            memcpy(found + length, entry->d_name, strlen(entry->d_name) + 1);
            length += strlen(entry->d_name) + 1;
        }
        closedir(directory);
    }
    found[length++] = 0;
    if (list && *size < length) { *size = (ULONG)length; return TOO_SMALL; }
    if (list) memcpy(list, found, length);
    *size = (ULONG)length;
    return OK;
}
static int is_open(const Object *container) {
    char application[900];
    snprintf(application, sizeof application, "%s", container->path);
    *strrchr(application, '/') = 0;
    return read_number(application, "open") == container->plugged + 1;
}
static EVP_PKEY *key(const Object *container, const char *name) {
    char path[1100];
    snprintf(path, sizeof path, "%s/%s.pem", container->path, name);
    FILE *file = fopen(path, "r");
    EVP_PKEY *found = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file) fclose(file);
    return found;
}
/* Before a private key is used: the orders, the device, the PIN. */
static ULONG before(HANDLE handle, const char *name, Object **container, EVP_PKEY **found) {
    ULONG rv;
    if (ordered("crash")) {
        char path[1024];
        snprintf(path, sizeof path, "%s/crash", getenv("SKF_ORDERS"));
        unlink(path);
        abort();
    }
    if (ordered("stall")) sleep(60);
    if (ordered("slow")) usleep(1000 * (unsigned)read_number(getenv("SKF_ORDERS"), "slow"));
    if (!(*container = of(handle, 'c', &rv))) return rv;
    if (!is_open(*container)) return NOT_LOGGED_IN;
    return (*found = key(*container, name)) ? OK : KEY_NOT_FOUND;
}

ULONG SKF_EnumDev(BOOL here, char *list, ULONG *size) {
    (void)here;
    return ordered("fails") ? FAIL : names(getenv("SKF_DEVICES"), list, size, 1);
}
ULONG SKF_GetDevState(const char *name, ULONG *state) { *state = (ULONG)present(name); return OK; }
ULONG SKF_ConnectDev(const char *name, HANDLE *handle) {
    char path[1024];
    if (!present(name)) return REMOVED;
    device_path(path, sizeof path, name);
    *handle = add('d', name, path);
    return OK;
}
ULONG SKF_DisConnectDev(HANDLE handle) { return drop(handle); }
ULONG SKF_GetDevInfo(HANDLE handle, DEVINFO *info) {
    ULONG rv;
    Object *device = of(handle, 'd', &rv);
    if (!device) return rv;
    memset(info, 0, sizeof *info);
    info->version[0] = 1;
    strcpy(info->manufacturer, "Test");
    read_text(info->label, sizeof info->label, device->path, "label");
    read_text(info->serial, sizeof info->serial, device->path, "serial");
    return OK;
}
ULONG SKF_EnumApplication(HANDLE handle, char *list, ULONG *size) {
    ULONG rv;
    Object *device = of(handle, 'd', &rv);
    return device ? names(device->path, list, size, 0) : rv;
}
ULONG SKF_OpenApplication(HANDLE handle, const char *name, HANDLE *application) {
    ULONG rv;
    char path[1100];
    Object *device = of(handle, 'd', &rv);
    if (!device) return rv;
    snprintf(path, sizeof path, "%s/%s", device->path, name);
    if (access(path, F_OK)) return NO_APPLICATION;
    *application = add('a', device->device, path);
    return OK;
}
ULONG SKF_CloseApplication(HANDLE handle) { return drop(handle); }
ULONG SKF_GetPINInfo(HANDLE handle, ULONG type, ULONG *max, ULONG *left, BOOL *factory) {
    ULONG rv;
    Object *application = of(handle, 'a', &rv);
    if (!application) return rv;
    if (type != USER) return INVALID_PARAM;
    if (ordered("silent")) return NOT_SUPPORTED;
    *max = (ULONG)read_number(application->path, "max");
    *left = (ULONG)read_number(application->path, "left");
    *factory = 0;
    return OK;
}
ULONG SKF_VerifyPIN(HANDLE handle, ULONG type, const char *given, ULONG *left) {
    ULONG rv;
    char pin[32];
    Object *application = of(handle, 'a', &rv);
    if (!application) return rv;
    int remaining = read_number(application->path, "left");
    *left = (ULONG)remaining;
    if (type != USER) return INVALID_PARAM;
    if (remaining == 0) return PIN_LOCKED;
    if (strlen(given) < 6 || strlen(given) > 16) return PIN_LENGTH;
    read_text(pin, sizeof pin, application->path, "pin");
    if (strcmp(pin, given) == 0) {
        write_number(application->path, "left", read_number(application->path, "max"));
        write_number(application->path, "open", application->plugged + 1);
        return OK;
    }
    write_number(application->path, "left", --remaining);
    *left = (ULONG)remaining;
    return remaining ? PIN_INCORRECT : PIN_LOCKED;
}
ULONG SKF_ClearSecureState(HANDLE handle) {
    ULONG rv;
    Object *application = of(handle, 'a', &rv);
    if (application) write_number(application->path, "open", 0);
    return rv;
}
ULONG SKF_EnumContainer(HANDLE handle, char *list, ULONG *size) {
    ULONG rv;
    Object *application = of(handle, 'a', &rv);
    return application ? names(application->path, list, size, 0) : rv;
}
ULONG SKF_OpenContainer(HANDLE handle, const char *name, HANDLE *container) {
    ULONG rv;
    char path[1100];
    Object *application = of(handle, 'a', &rv);
    if (!application) return rv;
    snprintf(path, sizeof path, "%s/%s", application->path, name);
    if (access(path, F_OK)) return INVALID_PARAM;
    *container = add('c', application->device, path);
    return OK;
}
ULONG SKF_CloseContainer(HANDLE handle) { return drop(handle); }
ULONG SKF_CloseHandle(HANDLE handle) { return drop(handle); }
ULONG SKF_ExportCertificate(HANDLE handle, BOOL sign, BYTE *certificate, ULONG *length) {
    ULONG rv;
    char data[8192];
    Object *container = of(handle, 'c', &rv);
    if (!container) return rv;
    int found = read_text(data, sizeof data, container->path, sign ? "sign.der" : "encrypt.der");
    if (found < 0) return CERT_NOT_FOUND;
    if (certificate && *length < (ULONG)found) { *length = (ULONG)found; return TOO_SMALL; }
    if (certificate) memcpy(certificate, data, (size_t)found);
    *length = (ULONG)found;
    return OK;
}
ULONG SKF_ECCSignData(HANDLE handle, BYTE *digest, ULONG length, ECCSIGNATUREBLOB *signature) {
    Object *container;
    EVP_PKEY *found = NULL;
    BYTE der[128];
    size_t size = sizeof der;
    const BYTE *place = der;
    ULONG rv = before(handle, "sign", &container, &found);
    if (rv) return rv;
    if (length != 32) { EVP_PKEY_free(found); return DATA_LENGTH; }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(found, NULL);
    rv = EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &size, digest, length) == 1 ? OK : FAIL;
    ECDSA_SIG *parsed = rv ? NULL : d2i_ECDSA_SIG(NULL, &place, (long)size);
    if (parsed) { /* right-aligned in 64 bytes */
        BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature->r, 64);
        BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature->s, 64);
    }
    ECDSA_SIG_free(parsed);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(found);
    return rv;
}
ULONG SKF_RSASignData(HANDLE handle, BYTE *data, ULONG length, BYTE *signature, ULONG *size) {
    Object *container;
    EVP_PKEY *found = NULL;
    ULONG rv = before(handle, "sign", &container, &found);
    if (rv) return rv;
    size_t room = (size_t)EVP_PKEY_get_size(found);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(found, NULL);
    if (*size < room) rv = TOO_SMALL;
    else if (EVP_PKEY_sign_init(context) != 1 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1
             || EVP_PKEY_sign(context, signature, &room, data, length) != 1) rv = FAIL;
    *size = (ULONG)room;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(found);
    return rv;
}
static size_t integer(BYTE *out, const BYTE *number) { /* DER INTEGER of 32 bytes */
    int skip = 0;
    while (skip < 31 && !number[skip]) skip++;
    int sign = number[skip] >> 7;
    out[0] = 2;
    out[1] = (BYTE)(32 - skip + sign);
    out[2] = 0;
    memcpy(out + 2 + sign, number + skip, (size_t)(32 - skip));
    return (size_t)(2 + 32 - skip + sign);
}
ULONG SKF_ImportSessionKey(HANDLE handle, ULONG algorithm, BYTE *wrapped, ULONG length, HANDLE *session) {
    Object *container;
    EVP_PKEY *found = NULL;
    BYTE der[256], body[256], plain[64];
    size_t inner = 0, size = sizeof plain, all;
    ECCCIPHERBLOB *blob = (ECCCIPHERBLOB *)wrapped;
    ULONG rv = before(handle, "encrypt", &container, &found);
    if (rv) return rv;
    if (algorithm != SM4_CBC) { EVP_PKEY_free(found); return NOT_SUPPORTED; }
    if (EVP_PKEY_get_base_id(found) == EVP_PKEY_RSA || length < 164 + 16 || blob->length != 16) { EVP_PKEY_free(found); return DATA_LENGTH; }
    inner += integer(body + inner, blob->x + 32);
    inner += integer(body + inner, blob->y + 32);
    body[inner++] = 4; body[inner++] = 32;
    memcpy(body + inner, blob->hash, 32); inner += 32;
    body[inner++] = 4; body[inner++] = 16;
    memcpy(body + inner, blob->cipher, 16); inner += 16;
    der[0] = 0x30;
    if (inner < 128) { der[1] = (BYTE)inner; all = 2; } else { der[1] = 0x81; der[2] = (BYTE)inner; all = 3; }
    memcpy(der + all, body, inner);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(found, NULL);
    rv = EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_decrypt(context, plain, &size, der, all + inner) == 1 && size == 16 ? OK : DATA_ERROR;
    if (!rv) {
        Object *added = add('k', container->device, container->path);
        memcpy(added->key, plain, 16);
        *session = added;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(found);
    return rv;
}
ULONG SKF_DecryptInit(HANDLE handle, BLOCKCIPHERPARAM parameters) {
    ULONG rv;
    Object *session = of(handle, 'k', &rv);
    if (!session) return rv;
    if (parameters.iv_length != 16 || parameters.padding > 1) return INVALID_PARAM;
    session->parameters = parameters;
    return OK;
}
ULONG SKF_Decrypt(HANDLE handle, BYTE *data, ULONG length, BYTE *plain, ULONG *size) {
    ULONG rv;
    int first = 0, last = 0;
    Object *session = of(handle, 'k', &rv);
    if (!session) return rv;
    if (!plain || *size < length) { *size = length; return plain ? TOO_SMALL : OK; }
    BYTE *out = malloc(length + 32);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(context, EVP_sm4_cbc(), NULL, session->key, session->parameters.iv);
    EVP_CIPHER_CTX_set_padding(context, (int)session->parameters.padding);
    if (EVP_DecryptUpdate(context, out, &first, data, (int)length) != 1 || EVP_DecryptFinal_ex(context, out + first, &last) != 1) rv = PADDING;
    else { memcpy(plain, out, (size_t)(first + last)); *size = (ULONG)(first + last); }
    EVP_CIPHER_CTX_free(context);
    free(out);
    return rv;
}

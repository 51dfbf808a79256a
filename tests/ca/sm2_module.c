/* A PKCS#11 module that passes everything on to the one in SM2_TARGET (SoftHSM), and adds SM2 under one vendor's numbers.
 * SM2_NUMBERS names the vendor: "8000" or "3-4". SM2_KEYS is a folder of private keys, one PEM a file, named by CKA_ID in hex.
 * The target holds the SM2 certificates and, for each of them, any EC private key under the same CKA_ID: its type is shown
 * as the vendor's. Built by the tests: cc -shared -fPIC … -lcrypto -ldl. PKCS#11 2.40, 64-bit Unix. */
#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long rv_t, ulong;
typedef struct { ulong type; void *value; ulong length; } Attribute;
typedef struct { ulong mechanism; void *parameter; ulong length; } Mechanism;
enum { GENERAL = 0x05, DATA_LENGTH = 0x21, ENCRYPTED_INVALID = 0x40, MECHANISM_INVALID = 0x70, TOO_SMALL = 0x150 };
enum { CKA_KEY_TYPE = 0x100, CKA_ID = 0x102, CKA_DECRYPT = 0x105, CKA_SIGN = 0x108, CKK_EC = 3 };
enum { MECHANISM_LIST = 8, GET_ATTRIBUTE = 25, FIND_INIT = 27, DECRYPT_INIT = 34, DECRYPT = 35, SIGN_INIT = 43, SIGN = 44, LAST = 69 };

static void *real[LAST], *mine[LAST]; /* [0] is the version */
static EVP_PKEY *active;
static int newer; /* the vendor of 0x8000, who speaks DER; the other speaks raw */
static ulong key_type, sign_number, decrypt_number, generate_number;

static rv_t mechanism_list(ulong slot, ulong *list, ulong *count) {
    ulong room = list ? *count : 0;
    rv_t rv = ((rv_t (*)(ulong, ulong *, ulong *))real[MECHANISM_LIST])(slot, list, count);
    if (rv) return rv;
    if (list && room < *count + 3) return TOO_SMALL;
    if (list) {
        list[*count] = generate_number;
        list[*count + 1] = sign_number;
        list[*count + 2] = decrypt_number;
    }
    *count += 3;
    return 0;
}
static rv_t find_init(ulong session, Attribute *template, ulong count) {
    Attribute changed[16];
    ulong ec = CKK_EC;
    if (count > 16) return GENERAL;
    memcpy(changed, template, count * sizeof *template);
    for (ulong i = 0; i < count; i++)
        if (changed[i].type == CKA_KEY_TYPE) {
            if (*(ulong *)changed[i].value == key_type) changed[i].value = &ec;
            else if (*(ulong *)changed[i].value == CKK_EC) changed[i].value = &key_type; /* no plain EC key here */
        }
    return ((rv_t (*)(ulong, Attribute *, ulong))real[FIND_INIT])(session, changed, count);
}
static rv_t get_attribute(ulong session, ulong object, Attribute *template, ulong count) {
    rv_t rv = ((rv_t (*)(ulong, ulong, Attribute *, ulong))real[GET_ATTRIBUTE])(session, object, template, count);
    for (ulong i = 0; i < count; i++)
        if (template[i].type == CKA_KEY_TYPE && template[i].value && *(ulong *)template[i].value == CKK_EC)
            *(ulong *)template[i].value = key_type;
        else if ((template[i].type == CKA_SIGN || template[i].type == CKA_DECRYPT) && template[i].value && template[i].length == 1)
            *(unsigned char *)template[i].value = 1; /* the placeholder's say nothing of ours */
    return rv;
}
static rv_t begin(ulong session, ulong object) {
    unsigned char id[32];
    char path[1024];
    Attribute wanted = {CKA_ID, id, sizeof id};
    rv_t rv = get_attribute(session, object, &wanted, 1);
    if (rv) return rv;
    int length = snprintf(path, sizeof path, "%s/", getenv("SM2_KEYS"));
    for (ulong i = 0; i < wanted.length; i++) length += snprintf(path + length, sizeof path - (size_t)length, "%02x", id[i]);
    FILE *file = fopen(path, "r");
    if (!file) return GENERAL;
    EVP_PKEY_free(active);
    active = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    return active ? 0 : GENERAL;
}
static rv_t sign_init(ulong session, Mechanism *mechanism, ulong object) {
    if (mechanism->mechanism == sign_number) return begin(session, object);
    if (mechanism->mechanism >= 0x10000) return MECHANISM_INVALID;
    return ((rv_t (*)(ulong, Mechanism *, ulong))real[SIGN_INIT])(session, mechanism, object);
}
static rv_t decrypt_init(ulong session, Mechanism *mechanism, ulong object) {
    if (mechanism->mechanism == decrypt_number) return begin(session, object);
    if (mechanism->mechanism >= 0x10000) return MECHANISM_INVALID;
    return ((rv_t (*)(ulong, Mechanism *, ulong))real[DECRYPT_INIT])(session, mechanism, object);
}
static rv_t sign(ulong session, unsigned char *data, ulong length, unsigned char *out, ulong *out_length) {
    unsigned char der[128];
    const unsigned char *place = der;
    size_t size = sizeof der;
    if (!active) return ((rv_t (*)(ulong, void *, ulong, void *, ulong *))real[SIGN])(session, data, length, out, out_length);
    if (!out) { *out_length = 72; return 0; }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(active, NULL);
    rv_t rv = length != 32 ? DATA_LENGTH
              : EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &size, data, length) == 1 ? 0 : GENERAL;
    if (!rv && newer) { memcpy(out, der, size); *out_length = size; }
    if (!rv && !newer) {
        ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &place, (long)size);
        BN_bn2binpad(ECDSA_SIG_get0_r(parsed), out, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(parsed), out + 32, 32);
        ECDSA_SIG_free(parsed);
        *out_length = 64;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(active);
    active = NULL;
    return rv;
}
static size_t integer(unsigned char *out, const unsigned char *number) { /* DER INTEGER of 32 bytes */
    size_t skip = 0;
    while (skip < 31 && !number[skip]) skip++;
    size_t sign = number[skip] >> 7;
    out[0] = 2;
    out[1] = (unsigned char)(32 - skip + sign);
    out[2] = 0;
    memcpy(out + 2 + sign, number + skip, 32 - skip);
    return 2 + 32 - skip + sign;
}
static rv_t decrypt(ulong session, unsigned char *data, ulong length, unsigned char *out, ulong *out_length) {
    unsigned char der[256], body[256];
    if (!active) return ((rv_t (*)(ulong, void *, ulong, void *, ulong *))real[DECRYPT])(session, data, length, out, out_length);
    rv_t rv = 0;
    if (!out) { *out_length = length; return 0; }
    if (!newer) { /* this vendor wants 04 x y hash text */
        if (length != 113 || data[0] != 4) rv = ENCRYPTED_INVALID;
        else {
            size_t inner = integer(body, data + 1);
            inner += integer(body + inner, data + 33);
            body[inner++] = 4; body[inner++] = 32; memcpy(body + inner, data + 65, 32); inner += 32;
            body[inner++] = 4; body[inner++] = 16; memcpy(body + inner, data + 97, 16); inner += 16;
            size_t head = inner < 128 ? 2 : 3;
            der[0] = 0x30; der[1] = inner < 128 ? (unsigned char)inner : 0x81; der[2] = (unsigned char)inner;
            memcpy(der + head, body, inner);
            data = der;
            length = head + inner;
        }
    }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(active, NULL);
    size_t size = *out_length;
    if (!rv) rv = EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_decrypt(context, out, &size, data, length) == 1 ? 0 : ENCRYPTED_INVALID;
    *out_length = size;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(active);
    active = NULL;
    return rv;
}

rv_t C_GetFunctionList(void **list) {
    void *library = dlopen(getenv("SM2_TARGET"), RTLD_NOW), *table = NULL;
    if (!library) return GENERAL;
    rv_t rv = ((rv_t (*)(void **))dlsym(library, "C_GetFunctionList"))(&table);
    if (rv) return rv;
    newer = strcmp(getenv("SM2_NUMBERS"), "8000") == 0;
    key_type = newer ? 0x80000004 : 0x80000001;
    generate_number = newer ? 0x80008001 : 0x80000003;
    sign_number = newer ? 0x80008104 : 0x80000004;
    decrypt_number = newer ? 0x80008201 : 0x80000004;
    memcpy(real, table, sizeof real);
    memcpy(mine, table, sizeof mine);
    mine[MECHANISM_LIST] = mechanism_list;
    mine[GET_ATTRIBUTE] = get_attribute;
    mine[FIND_INIT] = find_init;
    mine[SIGN_INIT] = sign_init;
    mine[SIGN] = sign;
    mine[DECRYPT_INIT] = decrypt_init;
    mine[DECRYPT] = decrypt;
    *list = mine;
    return 0;
}

/* A PKCS#11 module that passes everything on to the one in FAULTY_TARGET, and adds what SoftHSM lacks. The folder FAULTY_DIR
 * holds the orders, one file each:
 *   tries    number of wrong PINs so far; three lock the token (kept here)
 *   pinpad   the PIN is entered on the device, which takes this file's content
 *   removed  the token has been pulled out
 *   stall    every signature takes a minute
 *   slow     every signature takes as many tenths of a second as the file says
 *   hang     saying what is there takes a minute
 *   fall     saying what is there ends the process
 *   crash    the next signature ends the process
 *   broken   the token of this slot answers CKR_GENERAL_ERROR, behind a healthy neighbour
 *   label    the token's label is this file's bytes
 *   noise    every call prints to standard output
 * Built by the tests: cc -shared -fPIC. Only what is used of the PKCS#11 2.40 ABI (64-bit Unix) is declared. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long rv_t, ulong;
enum { GENERAL = 0x05, FUNCTION_CANCELED = 0x50, DEVICE_REMOVED = 0x32, PIN_INCORRECT = 0xA0, PIN_LOCKED = 0xA4, NOT_PRESENT = 0xE0 };
enum { SLOT_LIST = 5, TOKEN_INFO = 7, OPEN_SESSION = 13, LOGIN = 19, FIND_INIT = 27, SIGN = 44, LAST = 69 };
enum { COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000, PIN_PAD = 0x100, MAX_TRIES = 3, GHOST = 4242 };

static void *real[LAST], *mine[LAST]; /* [0] is the version */

static const char *path(const char *name) {
    static char text[1024];
    snprintf(text, sizeof text, "%s/%s", getenv("FAULTY_DIR"), name);
    return text;
}
static int ordered(const char *name) {
    if (access(path("noise"), F_OK) == 0) { printf("vendor says hello\n"); fflush(stdout); }
    return access(path(name), F_OK) == 0;
}
static int number(const char *name) {
    int count = 0;
    FILE *file = fopen(path(name), "r");
    if (file) { if (fscanf(file, "%d", &count) != 1) count = 0; fclose(file); }
    return count;
}
static void set_tries(int count) {
    FILE *file = fopen(path("tries"), "w");
    if (file) { fprintf(file, "%d", count); fclose(file); }
}

static rv_t slot_list(unsigned char present, ulong *slots, ulong *count) {
    ulong room = slots ? *count : 0;
    if (ordered("hang")) sleep(60);
    if (ordered("fall")) abort();
    rv_t rv = ((rv_t (*)(unsigned char, ulong *, ulong *))real[SLOT_LIST])(present, slots, count);
    if (rv == 0 && ordered("broken")) { /* the ghost comes first */
        if (slots && room > *count) { memmove(slots + 1, slots, *count * sizeof *slots); slots[0] = GHOST; }
        ++*count;
    }
    return rv;
}
static rv_t slot_info(ulong slot, void *info) {
    if (slot != GHOST) return ((rv_t (*)(ulong, void *))real[6])(slot, info);
    memset(info, ' ', 96);
    memset((char *)info + 96, 0, 16);
    return 0;
}
static rv_t token_info(ulong slot, char *info) {
    if (slot == GHOST) return GENERAL;
    if (ordered("removed")) return NOT_PRESENT;
    rv_t rv = ((rv_t (*)(ulong, void *))real[TOKEN_INFO])(slot, info);
    ulong *flags = (ulong *)(info + 96);
    if (rv) return rv;
    FILE *label = fopen(path("label"), "rb");
    if (label) { memset(info, ' ', 32); if (!fread(info, 1, 32, label)) info[0] = '?'; fclose(label); }
    *flags &= ~(ulong)(COUNT_LOW | FINAL_TRY | LOCKED);
    if (number("tries") > 0) *flags |= COUNT_LOW;
    if (number("tries") == MAX_TRIES - 1) *flags |= FINAL_TRY;
    if (number("tries") >= MAX_TRIES) *flags |= LOCKED;
    if (ordered("pinpad")) *flags |= PIN_PAD;
    return rv;
}
static rv_t open_session(ulong slot, ulong flags, void *app, void *notify, ulong *handle) {
    if (ordered("removed")) return NOT_PRESENT;
    return ((rv_t (*)(ulong, ulong, void *, void *, ulong *))real[OPEN_SESSION])(slot, flags, app, notify, handle);
}
static rv_t login(ulong session, ulong user, char *pin, ulong length) {
    char entered[64] = "";
    if (ordered("removed")) return DEVICE_REMOVED;
    if (number("tries") >= MAX_TRIES) return PIN_LOCKED;
    if (!pin) {
        FILE *pad = fopen(path("pinpad"), "r");
        if (!pad) return FUNCTION_CANCELED;
        if (!fgets(entered, sizeof entered, pad)) entered[0] = 0;
        fclose(pad);
        if (!entered[0]) return FUNCTION_CANCELED;
        pin = entered;
        length = strlen(entered);
    }
    rv_t rv = ((rv_t (*)(ulong, ulong, char *, ulong))real[LOGIN])(session, user, pin, length);
    if (rv == PIN_INCORRECT) { set_tries(number("tries") + 1); if (number("tries") >= MAX_TRIES) return PIN_LOCKED; }
    if (rv == 0) set_tries(0);
    return rv;
}
static rv_t find_init(ulong session, void *template, ulong count) {
    if (ordered("removed")) return DEVICE_REMOVED;
    return ((rv_t (*)(ulong, void *, ulong))real[FIND_INIT])(session, template, count);
}
static rv_t sign(ulong session, void *data, ulong length, void *out, ulong *out_length) {
    if (ordered("crash")) { unlink(path("crash")); abort(); }
    if (ordered("stall")) sleep(60);
    if (out && ordered("slow")) usleep(100000 * number("slow"));
    if (ordered("removed")) return DEVICE_REMOVED;
    return ((rv_t (*)(ulong, void *, ulong, void *, ulong *))real[SIGN])(session, data, length, out, out_length);
}

rv_t C_GetFunctionList(void **list) {
    void *library = dlopen(getenv("FAULTY_TARGET"), RTLD_NOW), *table = NULL;
    if (!library) return GENERAL;
    rv_t rv = ((rv_t (*)(void **))dlsym(library, "C_GetFunctionList"))(&table);
    if (rv) return rv;
    memcpy(real, table, sizeof real);
    memcpy(mine, table, sizeof mine);
    mine[SLOT_LIST] = slot_list;
    mine[6] = slot_info;
    mine[TOKEN_INFO] = token_info;
    mine[OPEN_SESSION] = open_session;
    mine[LOGIN] = login;
    mine[FIND_INIT] = find_init;
    mine[SIGN] = sign;
    *list = mine;
    return 0;
}

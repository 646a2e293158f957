#include "hw/usb.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* The commonest radios of each driver, "" for every product of a maker of nothing else. Sources:
 * src/service/70-lineside-radios.rules. */
static const struct radio {
    const char *driver;
    const char *vendor;
    const char *product;
} radios[] = {
    {"rtlsdr", "0bda", "2832"},   {"rtlsdr", "0bda", "2838"},  {"hackrf", "1d50", "6089"},
    {"hackrf", "1d50", "604b"},   {"hackrf", "1d50", "cc15"},  {"airspy", "1d50", "60a1"},
    {"airspyhf", "03eb", "800c"}, {"lime", "1d50", "6108"},    {"lime", "0403", "601f"},
    {"uhd", "2500", ""},          {"uhd", "3923", "7813"},     {"uhd", "3923", "7814"},
    {"bladerf", "2cf0", ""},      {"bladerf", "1d50", "6066"}, {"sdrplay", "1df7", ""},
};

/* A file of sysfs as one word; false when there is none. */
static bool read_word(const char *folder, const char *name, char *ret, size_t ret_size) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool got = fgets(ret, (int)ret_size, file) != NULL;
    fclose(file);
    if (got) {
        ret[strcspn(ret, " \n")] = '\0';
    }
    return got;
}

static bool is_radio(const char *folder, const char *driver) {
    char vendor[16];
    char product[16];
    if (!read_word(folder, "idVendor", vendor, sizeof vendor) ||
        !read_word(folder, "idProduct", product, sizeof product)) {
        return false;
    }
    for (size_t i = 0; i < LS_COUNT(radios); i++) {
        const struct radio *radio = &radios[i];
        if (strcmp(radio->driver, driver) == 0 && strcmp(radio->vendor, vendor) == 0 &&
            (radio->product[0] == '\0' || strcmp(radio->product, product) == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_denied(const char *top, const char *folder, char ret_word[LS_USB_WORD_BYTES]) {
    char bus[16];
    char device[16];
    if (!read_word(folder, "busnum", bus, sizeof bus) ||
        !read_word(folder, "devnum", device, sizeof device)) {
        return false;
    }
    char node[LS_USB_WORD_BYTES];
    char path[PATH_MAX];
    snprintf(node, sizeof node, "/dev/bus/usb/%03ld/%03ld", strtol(bus, NULL, 10),
             strtol(device, NULL, 10));
    snprintf(path, sizeof path, "%s%s", top, node);
    if (access(path, F_OK) != 0 || faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0) {
        return false;
    }
    ls_copy_text(ret_word, LS_USB_WORD_BYTES, node);
    return true;
}

/* Who has its first interface: sysfs has it as a folder beside, "1-2:1.0" for device "1-2". */
static bool is_held(const char *folder, char ret_word[LS_USB_WORD_BYTES]) {
    char path[PATH_MAX];
    char link[PATH_MAX];
    snprintf(path, sizeof path, "%s:1.0/driver", folder);
    ssize_t length = readlink(path, link, sizeof link - 1);
    if (length <= 0) {
        return false;
    }
    link[length] = '\0';
    const char *slash = strrchr(link, '/');
    ls_copy_text(ret_word, LS_USB_WORD_BYTES, slash == NULL ? link : slash + 1);
    return true;
}

enum ls_usb_state ls_usb_look(const char *top, const char *driver,
                              char ret_word[LS_USB_WORD_BYTES]) {
    char devices[PATH_MAX];
    snprintf(devices, sizeof devices, "%s/sys/bus/usb/devices", top);
    ret_word[0] = '\0';
    DIR *list = opendir(devices);
    if (list == NULL) {
        return LS_USB_ABSENT;
    }
    enum ls_usb_state state = LS_USB_ABSENT;
    for (struct dirent *entry;
         (state == LS_USB_ABSENT || state == LS_USB_FREE) && (entry = readdir(list)) != NULL;) {
        char folder[PATH_MAX + NAME_MAX + 2];
        snprintf(folder, sizeof folder, "%s/%s", devices, entry->d_name);
        if (entry->d_name[0] == '.' || !is_radio(folder, driver)) {
            continue;
        }
        state = is_denied(top, folder, ret_word) ? LS_USB_DENIED
                : is_held(folder, ret_word)      ? LS_USB_HELD
                                                 : LS_USB_FREE;
    }
    closedir(list);
    return state;
}

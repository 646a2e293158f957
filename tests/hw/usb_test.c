#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/usb.h"
#include "tests/hw/scratch.h"

static struct scratch scratch;

static void tear_down(void) { scratch_finish(&scratch); }

static void make_folder(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s", scratch_path(&scratch, name));
    for (char *slash = path + strlen(scratch.folder); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        cr_assert(mkdir(path, 0755) == 0 || access(path, F_OK) == 0);
        *slash = '/';
    }
    cr_assert_eq(mkdir(path, 0755), 0);
}

/* A computer with a keyboard and an RTL-SDR stick on bus 1. */
static void set_up(void) {
    scratch_init(&scratch);
    cr_assert_eq(chmod(scratch.folder, 0755), 0);
    make_folder("sys/bus/usb/devices/1-1");
    scratch_text(&scratch, "sys/bus/usb/devices/1-1/idVendor", "046d\n");
    scratch_text(&scratch, "sys/bus/usb/devices/1-1/idProduct", "c31c\n");
    make_folder("sys/bus/usb/devices/1-2");
    scratch_text(&scratch, "sys/bus/usb/devices/1-2/idVendor", "0bda\n");
    scratch_text(&scratch, "sys/bus/usb/devices/1-2/idProduct", "2838\n");
    scratch_text(&scratch, "sys/bus/usb/devices/1-2/busnum", "1\n");
    scratch_text(&scratch, "sys/bus/usb/devices/1-2/devnum", "7\n");
    make_folder("sys/bus/usb/devices/1-2:1.0");
    make_folder("dev/bus/usb/001");
    scratch_text(&scratch, "dev/bus/usb/001/007", "");
}

TestSuite(usb, .init = set_up, .fini = tear_down);

static void hold_by(const char *driver) {
    char target[128];
    snprintf(target, sizeof target, "../../../../bus/usb/drivers/%s", driver);
    cr_assert_eq(symlink(target, scratch_path(&scratch, "sys/bus/usb/devices/1-2:1.0/driver")), 0);
}

Test(usb, a_radio_that_may_be_opened_is_free) {
    char word[LS_USB_WORD_BYTES];
    cr_expect_eq(ls_usb_look(scratch.folder, "rtlsdr", word), LS_USB_FREE);
    cr_expect_str_eq(word, "");
    cr_expect_eq(ls_usb_look(scratch.folder, "hackrf", word), LS_USB_ABSENT);
    cr_expect_eq(ls_usb_look(scratch.folder, "remote", word), LS_USB_ABSENT);
    cr_expect_eq(ls_usb_look("/nowhere", "rtlsdr", word), LS_USB_ABSENT);
}

Test(usb, a_device_node_without_permission_is_named) {
    char word[LS_USB_WORD_BYTES];
    cr_assert_eq(chmod(scratch_path(&scratch, "dev/bus/usb/001/007"), 0444), 0);
    if (geteuid() == 0) { /* to whom everything is permitted */
        cr_assert_eq(seteuid(65534), 0);
    }
    cr_expect_eq(ls_usb_look(scratch.folder, "rtlsdr", word), LS_USB_DENIED);
    cr_expect_str_eq(word, "/dev/bus/usb/001/007");
    if (getuid() == 0) {
        cr_assert_eq(seteuid(0), 0);
    }
}

Test(usb, who_holds_it_is_named) {
    char word[LS_USB_WORD_BYTES];
    hold_by("dvb_usb_rtl28xxu");
    cr_expect_eq(ls_usb_look(scratch.folder, "rtlsdr", word), LS_USB_HELD);
    cr_expect_str_eq(word, "dvb_usb_rtl28xxu");
}

Test(usb, another_program_is_usbfs) {
    char word[LS_USB_WORD_BYTES];
    hold_by("usbfs");
    cr_expect_eq(ls_usb_look(scratch.folder, "rtlsdr", word), LS_USB_HELD);
    cr_expect_str_eq(word, "usbfs");
}

/* hw/usb.h: what the kernel knows of a radio on the USB that does not open. Drivers mostly say only
 * that it failed; the reason is a device node without permission, or somebody who holds it. Only hw
 * includes this. */
#ifndef HW_USB_H
#define HW_USB_H

enum ls_usb_state {
    LS_USB_ABSENT, /* no radio of that driver is plugged in, or the driver is none of the USB */
    LS_USB_DENIED, /* there is one, and its device node may not be opened */
    LS_USB_HELD,   /* another program or a driver of the kernel has it */
    LS_USB_FREE    /* there is one that nothing speaks against */
};

enum { LS_USB_WORD_BYTES = 64 };

/* Radios of a SoapySDR driver ("rtlsdr"), the first one with trouble. ret_word: its device node
 * when DENIED, who has it when HELD ("usbfs" is a program), else "". top: where /sys and /dev are,
 * "" but in tests. */
enum ls_usb_state ls_usb_look(const char *top, const char *driver,
                              char ret_word[LS_USB_WORD_BYTES]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_slots.asl - PCI hotplug: the register block of hw/acpi/pci_hotplug.h and the methods that the slots share. The slots'
 * devices and PNTF are in the table of acpi_pci_slots.c.
 *
 * An event raises GPE 1; PCNT tells the operating system which slots were filled (Notify 1, device check) or are asked back
 * (Notify 3, eject request). Every use of the registers holds BLCK: the bus selector is one for all.
 */
DefinitionBlock ("pci_slots.aml", "SSDT", 2, "REPLUG", "PCISLOTS", 1)
{
    External (\_SB.PCI0, DeviceObj)
    External (\_SB.PCI0.PNTF, MethodObj) /* (slot, value): Notify of the slot's device */

    Scope (\_SB.PCI0)
    {
        Device (PHPR)
        {
            Name (_HID, "PNP0A06")
            Name (_UID, "PCI Hotplug resources")
            Name (_STA, 0x0b)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0xae00, 0xae00, 1, 24)
            })
        }

        OperationRegion (PCST, SystemIO, 0xae00, 8)
        Field (PCST, DWordAcc, NoLock, WriteAsZeros)
        {
            PCIU, 32, /* filled; reading clears */
            PCID, 32  /* asked back */
        }
        OperationRegion (SEJ, SystemIO, 0xae08, 4)
        Field (SEJ, DWordAcc, NoLock, WriteAsZeros)
        {
            B0EJ, 32 /* eject */
        }
        OperationRegion (BNMR, SystemIO, 0xae10, 4)
        Field (BNMR, DWordAcc, NoLock, WriteAsZeros)
        {
            BNUM, 32 /* bus selector */
        }
        Mutex (BLCK, 0)

        /* _EJ0 of slot Arg0 */
        Method (PCEJ, 1, Serialized)
        {
            Acquire (BLCK, 0xffff)
            BNUM = Zero
            B0EJ = One << Arg0
            Release (BLCK)
        }

        Method (PCNT, 0, Serialized)
        {
            Acquire (BLCK, 0xffff)
            BNUM = Zero
            Local0 = PCIU
            Local1 = PCID
            Release (BLCK)
            Local2 = 2
            While (Local2 < 32)
            {
                If ((Local0 >> Local2) & One)
                {
                    PNTF (Local2, 1)
                }
                If ((Local1 >> Local2) & One)
                {
                    PNTF (Local2, 3)
                }
                Local2++
            }
        }
    }

    Method (\_GPE._E01)
    {
        \_SB.PCI0.PCNT ()
    }
}

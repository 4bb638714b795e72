/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu_hotplug.asl - CPU hotplug: the register block of hw/acpi/cpu_hotplug.h and the methods that the processors share. The
 * processors, their number and CTFY are in the table of acpi_ssdt.c.
 *
 * An event raises GPE 2; CSCN has the hardware look for processors with events and tells the operating system which were
 * plugged (Notify 1, device check) or are asked back (Notify 3, eject request). Every use of the registers holds CPLK: the
 * selector is one for all.
 */
DefinitionBlock ("cpu_hotplug.aml", "SSDT", 2, "REPLUG", "CPUHP", 1)
{
    External (\_SB.PCI0, DeviceObj)
    External (\_SB.CPUS.CNUM, IntObj)    /* number of processors that there may be */
    External (\_SB.CPUS.CTFY, MethodObj) /* (processor, value): Notify of its device */

    Device (\_SB.PCI0.PRES)
    {
        Name (_HID, "PNP0A06")
        Name (_UID, "CPU hotplug resources")
        Name (_STA, 0x0b)
        Name (_CRS, ResourceTemplate ()
        {
            IO (Decode16, 0xaf00, 0xaf00, 1, 12)
        })
        Mutex (CPLK, 0)
        OperationRegion (PRST, SystemIO, 0xaf00, 12)
        Field (PRST, ByteAcc, NoLock, WriteAsZeros)
        {
            Offset (4),
            CPEN, 1, /* it is there */
            CINS, 1, /* plugged and nobody was told; 1 = told */
            CRMV, 1, /* asked back and nobody was told; 1 = told */
            CEJ0, 1, /* 1 = eject */
            Offset (5),
            CCMD, 8
        }
        Field (PRST, DWordAcc, NoLock, Preserve)
        {
            CSEL, 32, /* selector, write */
            Offset (8),
            CDAT, 32
        }
    }

    Device (\_SB.CPUS)
    {
        Name (_HID, "ACPI0010")
        Name (_CID, EisaId ("PNP0A05"))

        Method (CSCN, 0, Serialized)
        {
            Acquire (\_SB.PCI0.PRES.CPLK, 0xffff)
            Local0 = Zero
            While (Local0 < CNUM)
            {
                \_SB.PCI0.PRES.CSEL = Local0
                \_SB.PCI0.PRES.CCMD = Zero /* selects the next one with an event */
                Local1 = \_SB.PCI0.PRES.CDAT
                If (Local1 < Local0) /* it has come round */
                {
                    Break
                }
                If (\_SB.PCI0.PRES.CINS == One)
                {
                    CTFY (Local1, 1)
                    \_SB.PCI0.PRES.CINS = One
                }
                If (\_SB.PCI0.PRES.CRMV == One) /* both, if it was asked back before anybody looked */
                {
                    CTFY (Local1, 3)
                    \_SB.PCI0.PRES.CRMV = One
                }
                Local0 = Local1 + One
            }
            Release (\_SB.PCI0.PRES.CPLK)
        }

        /* _STA of processor Arg0 */
        Method (CSTA, 1, Serialized)
        {
            Local0 = Zero
            Acquire (\_SB.PCI0.PRES.CPLK, 0xffff)
            \_SB.PCI0.PRES.CSEL = Arg0
            If (\_SB.PCI0.PRES.CPEN == One)
            {
                Local0 = 0x0f
            }
            Release (\_SB.PCI0.PRES.CPLK)
            Return (Local0)
        }

        /* _OST of processor Arg0: event, status */
        Method (COST, 3, Serialized)
        {
            Acquire (\_SB.PCI0.PRES.CPLK, 0xffff)
            \_SB.PCI0.PRES.CSEL = Arg0
            \_SB.PCI0.PRES.CCMD = One
            \_SB.PCI0.PRES.CDAT = Arg1
            \_SB.PCI0.PRES.CCMD = 2
            \_SB.PCI0.PRES.CDAT = Arg2
            Release (\_SB.PCI0.PRES.CPLK)
        }

        /* _EJ0 of processor Arg0 */
        Method (CEJX, 1, Serialized)
        {
            Acquire (\_SB.PCI0.PRES.CPLK, 0xffff)
            \_SB.PCI0.PRES.CSEL = Arg0
            \_SB.PCI0.PRES.CEJ0 = One
            Release (\_SB.PCI0.PRES.CPLK)
        }
    }

    Method (\_GPE._E02)
    {
        \_SB.CPUS.CSCN ()
    }
}

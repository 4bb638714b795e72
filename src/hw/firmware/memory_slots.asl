/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_slots.asl - memory hotplug: the register block of hw/acpi/memory_hotplug.h and the methods that the slots share. The
 * slots, their number and MTFY are in the table of acpi_ssdt.c.
 *
 * An event raises GPE 3; MSCN walks the slots and tells the operating system which were filled (Notify 1, device check) or
 * are asked back (Notify 3, eject request). Every use of the registers holds MLCK: the selector is one for all.
 */
DefinitionBlock ("memory_slots.aml", "SSDT", 2, "REPLUG", "MEMSLOTS", 1)
{
    External (\_SB.PCI0, DeviceObj)
    External (\_SB.MHPC.MDNR, IntObj)    /* number of slots */
    External (\_SB.MHPC.MTFY, MethodObj) /* (slot, value): Notify of the slot's device */

    Device (\_SB.PCI0.MHPD)
    {
        Name (_HID, "PNP0A06")
        Name (_UID, "Memory hotplug resources")
        Name (_STA, 0x0b)
        Name (_CRS, ResourceTemplate ()
        {
            IO (Decode16, 0x0a00, 0x0a00, 0, 24)
        })
        OperationRegion (HPMR, SystemIO, 0x0a00, 24)
        Field (HPMR, DWordAcc, NoLock, Preserve) /* of the selected slot, read */
        {
            MRBL, 32, /* base */
            MRBH, 32,
            MRLL, 32, /* length */
            MRLH, 32,
            MPX, 32   /* proximity domain */
        }
        Field (HPMR, ByteAcc, NoLock, WriteAsZeros)
        {
            Offset (20),
            MES, 1,  /* filled */
            MINS, 1, /* filled and nobody was told; 1 = told */
            MRMV, 1, /* asked back and nobody was told; 1 = told */
            MEJ, 1   /* 1 = eject */
        }
        Field (HPMR, DWordAcc, NoLock, Preserve) /* write */
        {
            MSEL, 32, /* slot selector */
            MOEV, 32, /* _OST event */
            MOSC, 32  /* _OST status */
        }
    }

    Device (\_SB.MHPC)
    {
        Name (_HID, "PNP0A06")
        Name (_UID, "DIMM devices")
        Mutex (MLCK, 0)

        Method (MSCN, 0, Serialized)
        {
            Acquire (MLCK, 0xffff)
            Local0 = Zero
            While (Local0 < MDNR)
            {
                \_SB.PCI0.MHPD.MSEL = Local0
                If (\_SB.PCI0.MHPD.MINS == One)
                {
                    MTFY (Local0, 1)
                    \_SB.PCI0.MHPD.MINS = One
                }
                If (\_SB.PCI0.MHPD.MRMV == One) /* both, if it was asked back before anybody looked */
                {
                    MTFY (Local0, 3)
                    \_SB.PCI0.MHPD.MRMV = One
                }
                Local0++
            }
            Release (MLCK)
        }

        /* _STA of slot Arg0 */
        Method (MRST, 1, Serialized)
        {
            Local0 = Zero
            Acquire (MLCK, 0xffff)
            \_SB.PCI0.MHPD.MSEL = Arg0
            If (\_SB.PCI0.MHPD.MES == One)
            {
                Local0 = 0x0f
            }
            Release (MLCK)
            Return (Local0)
        }

        /* _CRS of slot Arg0 */
        Name (MR64, ResourceTemplate ()
        {
            QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                0, 0, 0, 0, 1, , , MEMR)
        })
        CreateQWordField (MR64, MEMR._MIN, MINA)
        CreateQWordField (MR64, MEMR._MAX, MAXA)
        CreateQWordField (MR64, MEMR._LEN, LENA)

        Method (MCRS, 1, Serialized)
        {
            Acquire (MLCK, 0xffff)
            \_SB.PCI0.MHPD.MSEL = Arg0
            MINA = \_SB.PCI0.MHPD.MRBL | (\_SB.PCI0.MHPD.MRBH << 32)
            LENA = \_SB.PCI0.MHPD.MRLL | (\_SB.PCI0.MHPD.MRLH << 32)
            MAXA = MINA
            If (LENA != Zero) /* an empty slot has no bytes */
            {
                MAXA = MINA + LENA - One
            }
            Release (MLCK)
            Return (MR64)
        }

        /* _PXM of slot Arg0 */
        Method (MPXM, 1, Serialized)
        {
            Acquire (MLCK, 0xffff)
            \_SB.PCI0.MHPD.MSEL = Arg0
            Local0 = \_SB.PCI0.MHPD.MPX
            Release (MLCK)
            Return (Local0)
        }

        /* _OST of slot Arg0: event, status */
        Method (MOST, 3, Serialized)
        {
            Acquire (MLCK, 0xffff)
            \_SB.PCI0.MHPD.MSEL = Arg0
            \_SB.PCI0.MHPD.MOEV = Arg1
            \_SB.PCI0.MHPD.MOSC = Arg2
            Release (MLCK)
        }

        /* _EJ0 of slot Arg0 */
        Method (MEJ0, 1, Serialized)
        {
            Acquire (MLCK, 0xffff)
            \_SB.PCI0.MHPD.MSEL = Arg0
            \_SB.PCI0.MHPD.MEJ = One
            Release (MLCK)
        }
    }

    Method (\_GPE._E03)
    {
        \_SB.MHPC.MSCN ()
    }
}

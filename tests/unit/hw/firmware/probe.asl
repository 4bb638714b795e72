/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.asl - for test_acpi_tools.sh: looks into results that acpiexec can't print, and fills the simulated registers. */
DefinitionBlock ("probe.aml", "SSDT", 2, "REPLUG", "PROBE", 1)
{
    External (\_SB.PCI0._PRT, MethodObj)
    External (\_SB.LNKA._SRS, MethodObj)
    External (\_SB.LNKA._CRS, MethodObj)
    External (\_SB.LNKA._STA, MethodObj)
    External (\_SB.LNKA._DIS, MethodObj)

    /* One route. */
    Method (\ROUT, 1)
    {
        Local0 = \_SB.PCI0._PRT ()
        Return (DerefOf (Local0[Arg0]))
    }

    /* A link is set to interrupt 11, says so, is disabled, says so: status, interrupt, status. */
    Name (SETR, ResourceTemplate ()
    {
        Interrupt (, Level, ActiveHigh, Shared) { 11 }
    })
    Name (SEEN, Package (3) { })
    Method (\LINK, 0, Serialized)
    {
        \_SB.LNKA._SRS (SETR)
        SEEN[0] = \_SB.LNKA._STA ()
        Local0 = \_SB.LNKA._CRS ()
        CreateDWordField (Local0, 5, INTR)
        SEEN[1] = INTR
        \_SB.LNKA._DIS ()
        SEEN[2] = \_SB.LNKA._STA ()
        Return (SEEN)
    }

    /* 512 MiB at 4 * 4 GiB, node 3, flags. The base's low half is the selector's place. */
    OperationRegion (FILL, SystemIO, 0x0a00, 24)
    Field (FILL, DWordAcc, NoLock, Preserve)
    {
        RG00, 32,
        RG04, 32,
        RG08, 32,
        RG0C, 32,
        RG10, 32
    }
    Field (FILL, ByteAcc, NoLock, Preserve)
    {
        Offset (20),
        FLAG, 8
    }
    Method (\DIMM, 1)
    {
        RG04 = 4
        RG08 = 0x20000000
        RG0C = 0
        RG10 = 3
        FLAG = Arg0
    }
    Method (\REGS)
    {
        Local0 = Package (4) { }
        Local0[0] = RG00
        Local0[1] = RG04
        Local0[2] = RG08
        Local0[3] = FLAG
        Return (Local0)
    }

    /* The CPU hotplug registers: flags; then flags, command, data. */
    OperationRegion (CPUS, SystemIO, 0xaf00, 12)
    Field (CPUS, ByteAcc, NoLock, Preserve)
    {
        Offset (4),
        CFLG, 8,
        CCMD, 8
    }
    Field (CPUS, DWordAcc, NoLock, Preserve)
    {
        Offset (8),
        CDAT, 32
    }
    Method (\CPUF, 1)
    {
        CFLG = Arg0
        CDAT = Zero
    }
    Method (\CPUR)
    {
        Local0 = Package (3) { }
        Local0[0] = CFLG
        Local0[1] = CCMD
        Local0[2] = CDAT
        Return (Local0)
    }

    /* PCI hotplug's registers: slots filled, slots asked back; then what is ejected. */
    OperationRegion (FPCI, SystemIO, 0xae00, 12)
    Field (FPCI, DWordAcc, NoLock, Preserve)
    {
        PUP, 32,
        PDWN, 32,
        PEJ, 32
    }
    Method (\PSET, 2)
    {
        PUP = Arg0
        PDWN = Arg1
    }
    Method (\PGET)
    {
        Return (PEJ)
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dsdt.asl - what every PC has: the PCI bus with its interrupt routing, the ISA bridge with the devices that are always
 * there, and S5. What depends on the configuration is in the tables of acpi_ssdt.c and memory_slots.asl.
 *
 * Interrupts: INTA# of slot n is PIRQ (n - 1) modulo 4, the PIIX3 routes a PIRQ to an ISA interrupt by its register 0x60
 * to 0x63. Slot 1 holds the PIIX3 with the power management function, whose INTA# is the SCI.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "REPLUG", "PC", 1)
{
    External (\_SB.PCI0.PS2S, IntObj) /* _STA of the keyboard controller's devices */

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, Zero)

            /* All four pins of 32 slots; the package elements are made here, the references must be written out. */
            Method (_PRT, 0, Serialized)
            {
                Local0 = Package (128) { }
                Local1 = Zero
                While (Local1 < 128)
                {
                    Local2 = Local1 >> 2 /* slot */
                    Local3 = (Local1 + Local2 + 3) & 3 /* pin + slot - 1: its PIRQ */
                    Switch (ToInteger (Local3))
                    {
                        Case (0)
                        {
                            Local4 = Package (4) { Zero, Zero, LNKA, Zero }
                        }
                        Case (1)
                        {
                            Local4 = Package (4) { Zero, Zero, LNKB, Zero }
                        }
                        Case (2)
                        {
                            Local4 = Package (4) { Zero, Zero, LNKC, Zero }
                        }
                        Default
                        {
                            Local4 = Package (4) { Zero, Zero, LNKD, Zero }
                        }
                    }
                    If (Local1 == 4) /* slot 1, INTA# */
                    {
                        Local4 = Package (4) { Zero, Zero, LNKS, Zero }
                    }
                    Local4[0] = (Local2 << 16) | 0xffff
                    Local4[1] = Local1 & 3
                    Local0[Local1] = Local4
                    Local1++
                }
                Return (Local0)
            }

            Device (ISA) /* 82371SB, function 1.0 */
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 4)
                Field (PIRQ, ByteAcc, NoLock, Preserve)
                {
                    PRQ0, 8,
                    PRQ1, 8,
                    PRQ2, 8,
                    PRQ3, 8
                }

                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x70, 0x70, 1, 8)
                        IRQNoFlags () { 8 }
                    })
                }

                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x60, 0x60, 1, 1)
                        IO (Decode16, 0x64, 0x64, 1, 1)
                        IRQNoFlags () { 1 }
                    })
                    Method (_STA)
                    {
                        Return (\_SB.PCI0.PS2S)
                    }
                }

                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IRQNoFlags () { 12 }
                    })
                    Method (_STA)
                    {
                        Return (\_SB.PCI0.PS2S)
                    }
                }
            }

            Device (GPE0) /* the ports of the general purpose events belong to nobody else */
            {
                Name (_HID, "PNP0A06")
                Name (_UID, "GPE0 resources")
                Name (_STA, 0x0b)
                Name (_CRS, ResourceTemplate ()
                {
                    IO (Decode16, 0xafe0, 0xafe0, 1, 4)
                })
            }
        }

        /* Bit 7 of a PIIX3 route: not routed. */
        Method (IQST, 1)
        {
            If (Arg0 & 0x80)
            {
                Return (0x09)
            }
            Return (0x0b)
        }

        Name (PRR0, ResourceTemplate ()
        {
            Interrupt (, Level, ActiveHigh, Shared, , , IRQN) { 0 }
        })
        CreateDWordField (PRR0, IRQN._INT, PRRI)

        Method (IQCR, 1, Serialized)
        {
            PRRI = Zero
            If (Arg0 < 0x80)
            {
                PRRI = Arg0
            }
            Return (PRR0)
        }

        Device (LNKA)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 0)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 }
            })
            Method (_STA)
            {
                Return (IQST (\_SB.PCI0.ISA.PRQ0))
            }
            Method (_DIS)
            {
                \_SB.PCI0.ISA.PRQ0 |= 0x80
            }
            Method (_CRS)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQ0))
            }
            Method (_SRS, 1)
            {
                CreateDWordField (Arg0, 5, PRRI)
                \_SB.PCI0.ISA.PRQ0 = PRRI
            }
        }

        Device (LNKB)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 1)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 }
            })
            Method (_STA)
            {
                Return (IQST (\_SB.PCI0.ISA.PRQ1))
            }
            Method (_DIS)
            {
                \_SB.PCI0.ISA.PRQ1 |= 0x80
            }
            Method (_CRS)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQ1))
            }
            Method (_SRS, 1)
            {
                CreateDWordField (Arg0, 5, PRRI)
                \_SB.PCI0.ISA.PRQ1 = PRRI
            }
        }

        Device (LNKC)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 2)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 }
            })
            Method (_STA)
            {
                Return (IQST (\_SB.PCI0.ISA.PRQ2))
            }
            Method (_DIS)
            {
                \_SB.PCI0.ISA.PRQ2 |= 0x80
            }
            Method (_CRS)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQ2))
            }
            Method (_SRS, 1)
            {
                CreateDWordField (Arg0, 5, PRRI)
                \_SB.PCI0.ISA.PRQ2 = PRRI
            }
        }

        Device (LNKD)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 3)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 }
            })
            Method (_STA)
            {
                Return (IQST (\_SB.PCI0.ISA.PRQ3))
            }
            Method (_DIS)
            {
                \_SB.PCI0.ISA.PRQ3 |= 0x80
            }
            Method (_CRS)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQ3))
            }
            Method (_SRS, 1)
            {
                CreateDWordField (Arg0, 5, PRRI)
                \_SB.PCI0.ISA.PRQ3 = PRRI
            }
        }

        Device (LNKS) /* the SCI: wired to 9 */
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 4)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (, Level, ActiveHigh, Shared) { 9 }
            })
            Method (_STA)
            {
                Return (0x0b)
            }
            Method (_DIS)
            {
            }
            Method (_CRS)
            {
                Return (_PRS)
            }
            Method (_SRS, 1)
            {
            }
        }
    }

    Scope (\_GPE)
    {
        Name (_HID, "ACPI0006")
    }

    /* SLP_TYPa and SLP_TYPb of soft off. */
    Name (\_S5, Package () { Zero, Zero, Zero, Zero })
}

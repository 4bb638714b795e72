# SPDX-License-Identifier: GPL-2.0-or-later
"""sci_chain.py - the last stages of each plug and unplug request, from ACPI's event bit to the interrupt controllers that the accelerator has."""
from emulator import ACCEL, KVM_CHIPS, ON_KVM

OWN_PICS = ('gsi_handler --> qemu_set_irq --> pic_set_irq --> pic_update_irq --> qemu_set_irq --> pic_set_irq --> pic_update_irq --> '
            'qemu_set_irq --> pic_irq_request')
# With kernel-irqchip=split the LAPICs are KVM's.
PICS = ('kvm_pc_gsi_handler --> qemu_set_irq --> kvm_pic_set_irq --> kvm_set_irq' if KVM_CHIPS else
        OWN_PICS if ON_KVM and 'split' in ACCEL else f'{OWN_PICS} --> apic_local_deliver')
SCI_CHAIN = f'acpi_send_event --> piix4_send_gpe --> acpi_send_gpe_event --> acpi_update_sci --> qemu_set_irq --> {PICS}'

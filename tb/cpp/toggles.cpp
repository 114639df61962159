// Main of a simulation that counts toggles: cocotb's own, which records SAIF phase by phase.
//
// The input `recording` of the harness tells the phase: 0 records nothing, 1 goes to `halted.saif` in the working
// directory, 2 to the file of `--trace-file`. Each file begins at time 0 with its phase. A top without that input is
// recorded whole, as phase 2.
#include "Vtop.h"
#include "verilated.h"
#include "verilated_saif_c.h"
#include "verilated_vpi.h"

#include <cstdint>
#include <memory>
#include <string>

// The base, which cocotb's main connects to the model, stays closed: a file that was closed cannot be opened again,
// so every phase has a recorder of its own.
class PhaseRecorder final : public VerilatedSaifC {
    enum : PLI_INT32 { NOTHING, HALTED, STREAM };
    std::unique_ptr<VerilatedSaifC> m_file;
    std::string m_name;
    vpiHandle m_recording = nullptr;
    PLI_INT32 m_phase = NOTHING;
    uint64_t m_began = 0;

    PLI_INT32 phase() const {
        if (!m_recording) return STREAM;
        s_vpi_value value;
        value.format = vpiIntVal;
        vpi_get_value(m_recording, &value);
        return value.value.integer;
    }

public:
    void open(const char* name) VL_MT_SAFE override {
        m_name = name;
        m_recording = vpi_handle_by_name(const_cast<PLI_BYTE8*>("remora_harness.recording"), nullptr);
        if (m_recording) {
            // Until the host writes it, an input holds random bits.
            s_vpi_value nothing;
            nothing.format = vpiIntVal;
            nothing.value.integer = NOTHING;
            vpi_put_value(m_recording, &nothing, nullptr, vpiNoDelay);
        }
    }

    void dump(uint64_t time) {
        const PLI_INT32 now = phase();
        if (now != m_phase) {
            close();
            m_phase = now;
            if (now != NOTHING) {
                m_began = time;
                m_file = std::make_unique<VerilatedSaifC>();
                Verilated::threadContextp()->trace(m_file.get(), 99);
                // Of the harness nothing but the design.
                if (m_recording) m_file->dumpvars(99, "remora_harness.dut");
                m_file->open(now == HALTED ? "halted.saif" : m_name.c_str());
            }
        }
        if (m_file) m_file->dump(time - m_began);
    }

    void close() { m_file.reset(); }
    void flush() {}
};

// Cocotb's main asks for it; older makefiles of Verilator lack it.
#ifndef VM_TRACE_SAIF
#define VM_TRACE_SAIF 1
#endif
#define VerilatedSaifC PhaseRecorder
#include "verilator.cpp"
// The model follows in the same file, and its recorders are Verilator's own.
#undef VerilatedSaifC

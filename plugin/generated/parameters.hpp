// Written by `ifx-bridge plugin header` from the effect registry; do not edit.
#pragma once

#define IFX_NAME "IFX Chain"
#define IFX_VENDOR "IFX Bridge"

namespace ifx {

constexpr int kFormat = 1;
inline constexpr const char* kFormatName = "ifx-chain 1";

/// What a slot holds.
enum Fx : int { kNone, kEq, kComp, kPitchshift, kDist, kBitcrush, kDelay, kRev, kFxCount };
inline constexpr const char* kChoices[] = {"None", "Equalizer", "Compressor", "Pitch shift", "Distortion", "Bit crusher", "Delay", "Reverb"};

/// A parameter in its unit; `choices` are the names of whole numbers from `low` on.
struct Parameter {
    const char *symbol, *name, *unit;
    float low, high, start;
    bool logarithmic, whole;
    const char* const* choices;
};

/// Places in kParameters.
enum Index : int {
    kAmount,
    kTrimDb,
    kSlot1,
    kSlot2,
    kSlot3,
    kSlot4,
    kSlot5,
    kSlot6,
    kSlot7,
    kEqBypass,
    kEqLowShelfGainDb,
    kEqLowShelfCutoffFreq,
    kEqLowShelfQFactor,
    kEqBand0GainDb,
    kEqBand0CutoffFreq,
    kEqBand0QFactor,
    kEqBand1GainDb,
    kEqBand1CutoffFreq,
    kEqBand1QFactor,
    kEqBand2GainDb,
    kEqBand2CutoffFreq,
    kEqBand2QFactor,
    kEqBand3GainDb,
    kEqBand3CutoffFreq,
    kEqBand3QFactor,
    kEqHighShelfGainDb,
    kEqHighShelfCutoffFreq,
    kEqHighShelfQFactor,
    kCompBypass,
    kCompThresholdDb,
    kCompRatio,
    kCompAttackMs,
    kCompReleaseMs,
    kPitchshiftBypass,
    kPitchshiftSemitones,
    kDistBypass,
    kDistDriveDb,
    kBitcrushBypass,
    kBitcrushBitDepth,
    kDelayBypass,
    kDelayDelaySeconds,
    kDelayFeedback,
    kDelayMix,
    kRevBypass,
    kRevRoomSize,
    kRevDamping,
    kRevWetLevel,
    kRevDryLevel,
    kRevWidth,
    kParameterCount
};

inline constexpr Parameter kParameters[] = {
    {"amount", "Amount", "", 0.0f, 2.0f, 1.0f, false, false, nullptr},
    {"trim_db", "Output trim", "dB", -72.0f, 72.0f, 0.0f, false, false, nullptr},
    {"slot_1", "Slot 1", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_2", "Slot 2", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_3", "Slot 3", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_4", "Slot 4", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_5", "Slot 5", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_6", "Slot 6", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"slot_7", "Slot 7", "", 0.0f, 7.0f, 0.0f, false, true, kChoices},
    {"eq_bypass", "Equalizer bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"eq_low_shelf_gain_db", "Equalizer low shelf gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_low_shelf_cutoff_freq", "Equalizer low shelf frequency", "Hz", 30.0f, 500.0f, 100.0f, true, false, nullptr},
    {"eq_low_shelf_q_factor", "Equalizer low shelf Q", "", 0.4f, 1.2f, 0.707f, true, false, nullptr},
    {"eq_band0_gain_db", "Equalizer low-mid peak gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_band0_cutoff_freq", "Equalizer low-mid peak frequency", "Hz", 80.0f, 1000.0f, 250.0f, true, false, nullptr},
    {"eq_band0_q_factor", "Equalizer low-mid peak Q", "", 0.3f, 6.0f, 1.0f, true, false, nullptr},
    {"eq_band1_gain_db", "Equalizer mid peak gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_band1_cutoff_freq", "Equalizer mid peak frequency", "Hz", 250.0f, 3000.0f, 800.0f, true, false, nullptr},
    {"eq_band1_q_factor", "Equalizer mid peak Q", "", 0.3f, 6.0f, 1.0f, true, false, nullptr},
    {"eq_band2_gain_db", "Equalizer upper-mid peak gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_band2_cutoff_freq", "Equalizer upper-mid peak frequency", "Hz", 600.0f, 6000.0f, 2000.0f, true, false, nullptr},
    {"eq_band2_q_factor", "Equalizer upper-mid peak Q", "", 0.3f, 6.0f, 1.0f, true, false, nullptr},
    {"eq_band3_gain_db", "Equalizer presence peak gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_band3_cutoff_freq", "Equalizer presence peak frequency", "Hz", 1500.0f, 12000.0f, 5000.0f, true, false, nullptr},
    {"eq_band3_q_factor", "Equalizer presence peak Q", "", 0.3f, 6.0f, 1.0f, true, false, nullptr},
    {"eq_high_shelf_gain_db", "Equalizer high shelf gain", "dB", -18.0f, 18.0f, 0.0f, false, false, nullptr},
    {"eq_high_shelf_cutoff_freq", "Equalizer high shelf frequency", "Hz", 1500.0f, 16000.0f, 8000.0f, true, false, nullptr},
    {"eq_high_shelf_q_factor", "Equalizer high shelf Q", "", 0.4f, 1.2f, 0.707f, true, false, nullptr},
    {"comp_bypass", "Compressor bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"comp_threshold_db", "Compressor threshold", "dB", -60.0f, 0.0f, -20.0f, false, false, nullptr},
    {"comp_ratio", "Compressor ratio", ":1", 1.0f, 20.0f, 4.0f, true, false, nullptr},
    {"comp_attack_ms", "Compressor attack", "ms", 0.5f, 100.0f, 5.0f, true, false, nullptr},
    {"comp_release_ms", "Compressor release", "ms", 10.0f, 1000.0f, 100.0f, true, false, nullptr},
    {"pitchshift_bypass", "Pitch shift bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"pitchshift_semitones", "Pitch shift", "semitones", -24.0f, 24.0f, 0.0f, false, false, nullptr},
    {"dist_bypass", "Distortion bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"dist_drive_db", "Distortion drive", "dB", 0.0f, 48.0f, 12.0f, false, false, nullptr},
    {"bitcrush_bypass", "Bit crusher bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"bitcrush_bit_depth", "Bit crusher bit depth", "bits", 2.0f, 16.0f, 8.0f, false, false, nullptr},
    {"delay_bypass", "Delay bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"delay_delay_seconds", "Delay time", "s", 0.02f, 2.0f, 0.35f, true, false, nullptr},
    {"delay_feedback", "Delay feedback", "", 0.0f, 0.95f, 0.3f, false, false, nullptr},
    {"delay_mix", "Delay mix", "", 0.0f, 1.0f, 0.3f, false, false, nullptr},
    {"rev_bypass", "Reverb bypass", "", 0.0f, 1.0f, 0.0f, false, true, nullptr},
    {"rev_room_size", "Reverb room size", "", 0.0f, 1.0f, 0.5f, false, false, nullptr},
    {"rev_damping", "Reverb damping", "", 0.0f, 1.0f, 0.5f, false, false, nullptr},
    {"rev_wet_level", "Reverb wet level", "", 0.0f, 1.0f, 0.33f, false, false, nullptr},
    {"rev_dry_level", "Reverb dry level", "", 0.0f, 1.0f, 0.5f, false, false, nullptr},
    {"rev_width", "Reverb width", "", 0.0f, 1.0f, 1.0f, false, false, nullptr},
};

/// By kind of effect.
inline constexpr int kBypass[] = {-1, kEqBypass, kCompBypass, kPitchshiftBypass, kDistBypass, kBitcrushBypass, kDelayBypass, kRevBypass};

}  // namespace ifx

// What DPF asks at compile time. IFX_CHANNELS is 1 or 2: a DPF plugin has one layout.
#ifndef DISTRHO_PLUGIN_INFO_H_INCLUDED
#define DISTRHO_PLUGIN_INFO_H_INCLUDED

#include "generated/parameters.hpp"

#ifndef IFX_CHANNELS
#define IFX_CHANNELS 2
#endif

#define DISTRHO_PLUGIN_BRAND IFX_VENDOR
#if IFX_CHANNELS == 1
#define DISTRHO_PLUGIN_NAME IFX_NAME " Mono"
#define DISTRHO_PLUGIN_LABEL "IFXChainMono"
#define DISTRHO_PLUGIN_URI "urn:ifx-bridge:chain:mono"
#define DISTRHO_PLUGIN_CLAP_ID "ifx-bridge.chain.mono"
#else
#define DISTRHO_PLUGIN_NAME IFX_NAME
#define DISTRHO_PLUGIN_LABEL "IFXChain"
#define DISTRHO_PLUGIN_URI "urn:ifx-bridge:chain"
#define DISTRHO_PLUGIN_CLAP_ID "ifx-bridge.chain"
#endif
#define DISTRHO_PLUGIN_NUM_INPUTS IFX_CHANNELS
#define DISTRHO_PLUGIN_NUM_OUTPUTS IFX_CHANNELS
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_WANT_LATENCY 1
#define DISTRHO_PLUGIN_WANT_STATE 1
#define DISTRHO_PLUGIN_WANT_PROGRAMS 0
#define DISTRHO_PLUGIN_WANT_DIRECT_ACCESS 1  // to ask an instance for its tail
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx"
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:Plugin"
#define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect"

/// How long an instance (a DISTRHO::Plugin) sounds on after its input has ended, in samples.
unsigned ifx_tail_samples(void* instance) noexcept;

#endif

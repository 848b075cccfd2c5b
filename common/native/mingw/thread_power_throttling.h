#pragma once

// Declarations that MinGW-w64 has since version 11: Windows' own, for SetThreadInformation with ThreadPowerThrottling.
#include <windows.h>

#define THREAD_POWER_THROTTLING_CURRENT_VERSION 1
#define THREAD_POWER_THROTTLING_EXECUTION_SPEED 0x1

typedef struct _THREAD_POWER_THROTTLING_STATE {
    ULONG Version;
    ULONG ControlMask;
    ULONG StateMask;
} THREAD_POWER_THROTTLING_STATE;

#pragma once

// Elapsed time since some moment, in seconds.
double elapsed_seconds();

#pragma once

// CPU time of the calling thread, in seconds: time during which other programs held the processor does not count.
// Where the system does not tell, elapsed time.
double thread_seconds();

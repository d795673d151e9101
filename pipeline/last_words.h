// What is said when something ends the process that nothing foresaw.
#pragma once

namespace sluice {

// From now on an exception that nobody catches, on whichever thread, ends the process with one line
// and exit code 1 instead of a core dump. No destructor runs: on disk everything is as after a kill.
// Call first in main().
void SayWhatIsUncaught() noexcept;

}  // namespace sluice

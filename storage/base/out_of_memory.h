// What the process does when there is no memory: it says so and ends.
//
// Nothing can be undone without memory, and nothing has to be: on disk everything is as after a kill.
#pragma once

namespace sluice {

// Writes one line to standard error and ends the process with exit code 1. Takes no memory itself.
[[noreturn]] void OutOfMemory() noexcept;

// From now on `new` calls it where it would throw std::bad_alloc. Call first in main(): an exception
// would end in whichever thread it strikes, and the others would wait for that one for ever.
void EndWhenOutOfMemory() noexcept;

}  // namespace sluice

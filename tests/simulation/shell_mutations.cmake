# Bugs in the shell's own source: each is a copy of one file of supervisor/nodes with one place changed, linked before the real
# one. The simulation must find it, by the invariant that it breaks. A place that is not there any more stops the configuration.

# sutra_shell_bug(NAME file INVARIANT "what stands there" "what stands there instead")
function(sutra_shell_bug name file invariant original mutated)
  set(source ${CMAKE_SOURCE_DIR}/supervisor/nodes/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(FIND "${text}" "${original}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "The shell bug ${name} cannot be planted: ${file} has no place\n${original}\n"
      "Plant it where that code is now (tests/simulation/shell_mutations.cmake).")
  endif()
  string(REPLACE "${original}" "${mutated}" text "${text}")
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/shell_bugs/${name}.cpp)
  file(CONFIGURE OUTPUT ${copy} CONTENT "@text@" @ONLY)
  add_executable(shell_bug_${name} main.cpp ${copy})
  target_compile_options(shell_bug_${name} PRIVATE -O1 -w)
  target_link_libraries(shell_bug_${name} PRIVATE simulated)
  add_test(NAME ShellBug.${name} COMMAND shell_bug_${name} --find ${invariant})
  set_tests_properties(ShellBug.${name} PROPERTIES LABELS campaign TIMEOUT 300)
endfunction()

sutra_shell_bug(OpensTheGateBeforeItRecords spawn.cpp I5
"  (void)save_facts(entry);  // before the gate opens
  return entry.process->open();"
"  Status opened = entry.process->open();
  (void)save_facts(entry);
  return opened;")

sutra_shell_bug(DropsEventsThatCannotBeWritten records.cpp I5
"      if (unrecorded_.size() > kMaxUnrecorded) unrecorded_.pop_front();
      return;"
"      unrecorded_.pop_front();
      return;")

sutra_shell_bug(DoesNotWriteIntentsAgain records.cpp I1
"if (!present.intent || !entry->intent_saved)"
"if (false)")

sutra_shell_bug(TakesAnErrorForAbsence recover.cpp I
"if (!found) return found.error();"
"if (!found) continue;")

sutra_shell_bug(ForgetsWhatIsLeftOfATree recover.cpp liveness
"      entry.process->adopt_leftovers();"
"      (void)entry;")

sutra_shell_bug(KeepsTimersThatAreDisarmed effects.cpp I6
"entry.timer.reset();"
"(void)entry;")

sutra_shell_bug(FiresTimersBeforeItLooks effects.cpp I1
"if (now_due != nullptr && now_due->process) now_due->process->catch_up();"
"(void)now_due;")

sutra_shell_bug(SeesTheExitBeforeTheReport process.cpp I5
"if (launch_ && report_watch_) on_report();"
"")

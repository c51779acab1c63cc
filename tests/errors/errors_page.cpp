#include "tests/errors/errors_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

namespace sutra::e2e {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string presentable(const Sandbox& sandbox, std::string text) {
  const std::string agent = sandbox.binary("sutra-agent");
  replace_all(text, sandbox.config_path(), "/etc/sutra-agent/agent-config.toml");
  replace_all(text, sandbox.at("data"), "/srv/sutra/data");
  replace_all(text, sandbox.at("state"), "/var/lib/sutra-agent");
  replace_all(text, sandbox.at("run"), "/run/sutra-agent");
  replace_all(text, sandbox.at("log"), "/var/log/sutra-agent");
  replace_all(text, sandbox.path(), "/srv/sutra");
  replace_all(text, agent.substr(0, agent.rfind('/')), "/usr/bin");
  replace_all(text, std::to_string(sandbox.agent_port()), "8000");
  for (int i = 149; i >= 0; --i) {
    text = std::regex_replace(text, std::regex("\\b" + std::to_string(sandbox.range_start() + i) + "\\b"),
                              std::to_string(50051 + i));
  }
  text = std::regex_replace(text, std::regex("\\be2e-[0-9]+-[0-9]+\\b"), "host-1");
  text = std::regex_replace(text, std::regex("\\bsteady-[0-9]+\\b"), "host-1");
  text = std::regex_replace(text, std::regex("pid [0-9]+"), "pid 4711");
  for (const std::string symbol : {"⚠️", "❌"}) replace_all(text, symbol, "");
  return text.substr(std::min(text.size(), text.find_first_not_of(' ')));
}

std::string in_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  replace_all(text, "\\", "\\\\");
  replace_all(text, "\t", " ");
  replace_all(text, "\n", "\\n");
  return text;
}

}  // namespace

void note_error(const Sandbox& sandbox, const std::string& input, const std::string& message,
                const std::string& action) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::filesystem::create_directories(SUTRA_ERRORS_DIR);
  const std::string file =
      std::string(SUTRA_ERRORS_DIR) + "/" + test->test_suite_name() + "." + test->name() + ".tsv";
  static std::string begun;
  std::ofstream out(file, begun == file ? std::ios::app : std::ios::trunc);
  begun = file;
  out << in_one_line(input) << '\t' << in_one_line(presentable(sandbox, message)) << '\t'
      << in_one_line(action) << '\n';
}

}  // namespace sutra::e2e

// Files from the rows of resources.
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"
#include "tests/support/fake_inputs.h"

namespace sluice::rest {
namespace {

struct Rendered {
  Result<Rendering> rendering;
  std::string text;
};

Rendered Render(std::vector<Resource> resources, const std::string& file, FakeInputs& inputs) {
  StringSink out;
  auto rendering = RestSource(Job(std::move(resources)), nullptr)
                       .Render({.id = DocumentId(file), .kind = "file"}, inputs, out);
  return {.rendering = std::move(rendering), .text = std::move(out.text)};
}

TEST(RestRenderTest, AFileHoldsTheRowsOfItsResourceInTheirOrder) {
  FakeInputs inputs;
  inputs.AddRow(DocumentId("records"), {.key = "2", .position = "b", .body = R"({"id":2})"});
  inputs.AddRow(DocumentId("records"), {.key = "1", .position = "a", .body = R"({"id":1.50})"});
  inputs.AddRow(DocumentId("others"), {.key = "3", .position = "a", .body = R"({"id":3})"});
  const Rendered rendered = Render({Records()}, "file:records.jsonl", inputs);
  ASSERT_TRUE(rendered.rendering);
  EXPECT_EQ(rendered.text, "{\"id\":1.50}\n{\"id\":2}\n");
}

TEST(RestRenderTest, AFileIsNamedAfterItsTable) {
  Resource resource = Records();
  resource.table_name = "people";
  resource.output = {.format = Format::kCsv, .fields = {"id"}};
  FakeInputs inputs;
  inputs.AddRow(DocumentId("records"), {.key = "1", .position = "a", .body = R"({"id":1})"});
  const Rendered rendered = Render({resource}, "file:people.csv", inputs);
  ASSERT_TRUE(rendered.rendering) << rendered.rendering.error().message;
  EXPECT_EQ(rendered.text, "id\r\n1\r\n");
}

TEST(RestRenderTest, WhatTheWriterHasToSayIsAboutTheFile) {
  Resource resource = Records();
  resource.output = {
      .format = Format::kCsv, .fields = {"id"}, .schema_policy = SchemaPolicy::kFreeze};
  FakeInputs inputs;
  inputs.AddRow(DocumentId("records"), {.key = "1", .position = "a", .body = R"({"id":1,"x":2})"});
  const Rendered rendered = Render({resource}, "file:records.csv", inputs);
  ASSERT_TRUE(rendered.rendering);
  ASSERT_FALSE(rendered.rendering->notes.empty());
  EXPECT_EQ(rendered.rendering->notes[0].document, DocumentId("file:records.csv"));
}

TEST(RestRenderTest, AFileOfAnotherJobIsRefused) {
  FakeInputs inputs;
  const Rendered rendered = Render({Records()}, "file:gone.csv", inputs);
  ASSERT_FALSE(rendered.rendering);
  EXPECT_EQ(rendered.rendering.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace sluice::rest

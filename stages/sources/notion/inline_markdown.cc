// InlineMarkdown(): markers by a stack over the whole text, so that they nest; then every '*' and
// '~' marker that CommonMark would not recognise (its flanking rules, section 6.2) becomes a tag.
#include <algorithm>
#include <array>

#include "stages/sinks/utf8.h"
#include "stages/sources/notion/markdown_escape.h"
#include "stages/sources/notion/rich_text.h"

namespace sluice::notion {
namespace {

using std::string_view;

enum class Attribute { kLink, kBold, kItalic, kStrikethrough, kUnderline };
constexpr std::array kAttributes = {Attribute::kLink, Attribute::kBold, Attribute::kItalic,
                                    Attribute::kStrikethrough, Attribute::kUnderline};

struct Marker {
  Attribute attribute;
  std::string href;
  bool tag = false;  // written as HTML
};

struct Piece {
  enum class Kind { kContent, kOpen, kClose };
  Kind kind = Kind::kContent;
  std::string text;        // of kContent
  std::size_t marker = 0;  // of the others: index of what is opened or closed
};

bool Has(const Run& run, Attribute attribute, string_view href) {
  switch (attribute) {
    case Attribute::kLink:
      return !run.style.href.empty() && run.style.href == href;
    case Attribute::kBold:
      return run.style.bold;
    case Attribute::kItalic:
      return run.style.italic;
    case Attribute::kStrikethrough:
      return run.style.strikethrough;
    case Attribute::kUnderline:
      return run.style.underline;
  }
  return false;
}

// How many runs from `at` on carry the attribute: what lasts longer opens first.
std::size_t Reach(const std::vector<Run>& runs, std::size_t at, Attribute attribute) {
  std::size_t end = at;
  while (end < runs.size() && Has(runs[end], attribute, runs[at].style.href)) ++end;
  return end - at;
}

enum class CharClass { kSpace, kPunctuation, kLetter, kUnsure };

// Without Unicode tables only what is certain is named; kUnsure makes both readings count.
CharClass Classify(char32_t c) {
  if (c <= ' ' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x3000) {
    return CharClass::kSpace;
  }
  if (c < 0x80) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return letter ? CharClass::kLetter : CharClass::kPunctuation;
  }
  const bool latin = c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7;
  const bool greek_or_cyrillic =
      (c >= 0x388 && c <= 0x3FF && c != 0x3F6) || (c >= 0x400 && c <= 0x481);
  const bool east_asian = (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FA) ||
                          (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3);
  if (latin || greek_or_cyrillic || east_asian) return CharClass::kLetter;
  const bool punctuation =
      (c >= 0x2010 && c <= 0x2027) || (c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3011);
  return punctuation ? CharClass::kPunctuation : CharClass::kUnsure;
}

bool Separates(CharClass c) { return c == CharClass::kSpace || c == CharClass::kPunctuation; }
// `inner` is the side of the emphasised text.
bool Flanks(CharClass inner, CharClass outer) {
  return inner != CharClass::kSpace && (inner == CharClass::kLetter || Separates(outer));
}

class Inline {
 public:
  Inline(const std::vector<Run>& runs, InlinePlace place) : runs_(runs), place_(place) {
    for (std::size_t i = 0; i < runs_.size(); ++i) AddRun(i);
    CloseTo(0);
    if (place_ == InlinePlace::kHtml) {
      for (Marker& marker : markers_) marker.tag = true;
    } else {
      while (ReplaceOneUnrecognised()) {
      }
    }
  }

  std::string Text() const {
    std::string out;
    for (const Piece& piece : pieces_) {
      const std::string text = TextOf(piece);
      // "Look![here](...)" would be an image.
      const bool image = piece.kind == Piece::Kind::kOpen && text == "[" && out.ends_with('!');
      if (image) out.insert(out.size() - 1, 1, '\\');
      out += text;
    }
    return out;
  }

 private:
  void AddRun(std::size_t at) {
    const Run& run = runs_[at];
    const auto gone = std::find_if(open_.begin(), open_.end(), [&](std::size_t marker) {
      return !Has(run, markers_[marker].attribute, markers_[marker].href);
    });
    CloseTo(static_cast<std::size_t>(gone - open_.begin()));
    std::vector<Attribute> opening;
    for (const Attribute attribute : kAttributes) {
      if (Has(run, attribute, run.style.href) && !IsOpen(attribute)) opening.push_back(attribute);
    }
    std::stable_sort(opening.begin(), opening.end(), [&](Attribute a, Attribute b) {
      return Reach(runs_, at, a) > Reach(runs_, at, b);
    });
    for (const Attribute attribute : opening) Open(attribute, run.style.href);
    pieces_.push_back({.text = Content(run)});
    line_start_ = run.kind == Run::Kind::kBreak;
  }

  bool IsOpen(Attribute attribute) const {
    return std::any_of(open_.begin(), open_.end(),
                       [&](std::size_t marker) { return markers_[marker].attribute == attribute; });
  }

  void Open(Attribute attribute, const std::string& href) {
    // Underline has no marker of its own in Markdown.
    markers_.push_back(
        {.attribute = attribute, .href = href, .tag = attribute == Attribute::kUnderline});
    open_.push_back(markers_.size() - 1);
    pieces_.push_back({.kind = Piece::Kind::kOpen, .marker = markers_.size() - 1});
  }

  void CloseTo(std::size_t depth) {
    while (open_.size() > depth) {
      pieces_.push_back({.kind = Piece::Kind::kClose, .marker = open_.back()});
      open_.pop_back();
    }
  }

  std::string Content(const Run& run) const {
    switch (run.kind) {
      case Run::Kind::kBreak:
        return place_ == InlinePlace::kParagraph ? "\\\n" : "<br>";
      case Run::Kind::kMath:
        return Math(run.text);
      case Run::Kind::kCode:
        return Code(run.text);
      case Run::Kind::kText:
        break;
    }
    if (place_ == InlinePlace::kHtml) return EscapeHtml(run.text);
    const bool starts = place_ == InlinePlace::kParagraph && line_start_;
    std::string text = EscapeText(run.text, starts ? LineStart::kYes : LineStart::kNo);
    if (place_ == InlinePlace::kCell) return ReplacePipes(text, "\\|");
    // "# title #" would lose its last word to the closing sequence of a heading.
    if (place_ == InlinePlace::kHeading && text.ends_with('#')) text.insert(text.size() - 1, "\\");
    return text;
  }

  std::string Math(const std::string& expression) const {
    if (place_ == InlinePlace::kHtml) return EscapeHtml(InlineMath(expression));
    if (place_ != InlinePlace::kCell) return InlineMath(expression);
    // TeX's own words for the bar, because a table would read a backslash before it as its own.
    std::string math;
    for (std::size_t i = 0; i < expression.size(); ++i) {
      if (expression.compare(i, 2, "\\|") == 0) {
        math += "\\Vert ";
        ++i;
      } else if (expression[i] == '|') {
        math += "\\vert ";
      } else {
        math.push_back(expression[i]);
      }
    }
    return InlineMath(math);
  }

  std::string Code(const std::string& code) const {
    const bool bar_after_backslash = code.find("\\|") != code.npos;
    if (place_ == InlinePlace::kHtml) return "<code>" + EscapeHtml(code) + "</code>";
    if (place_ != InlinePlace::kCell) return CodeSpan(code);
    if (!bar_after_backslash) return ReplacePipes(CodeSpan(code), "\\|");
    return "<code>" + ReplacePipes(EscapeText(code, LineStart::kNo), "&#124;") + "</code>";
  }

  static std::string ReplacePipes(string_view text, string_view with) {
    std::string out;
    for (const char c : text) c == '|' ? out.append(with) : out.append(1, c);
    return out;
  }

  std::string TextOf(const Piece& piece) const {
    if (piece.kind == Piece::Kind::kContent) return piece.text;
    const Marker& marker = markers_[piece.marker];
    const bool open = piece.kind == Piece::Kind::kOpen;
    switch (marker.attribute) {
      case Attribute::kLink:
        return LinkText(marker, open);
      case Attribute::kBold:
        return marker.tag ? open ? "<strong>" : "</strong>" : "**";
      case Attribute::kItalic:
        return marker.tag ? open ? "<em>" : "</em>" : "*";
      case Attribute::kStrikethrough:
        return marker.tag ? open ? "<del>" : "</del>" : "~~";
      case Attribute::kUnderline:
        return open ? "<u>" : "</u>";
    }
    return {};
  }

  std::string LinkText(const Marker& marker, bool open) const {
    if (marker.tag) return open ? "<a href=\"" + EscapeHtml(marker.href) + "\">" : "</a>";
    if (open) return "[";
    const std::string destination = LinkDestination(marker.href);
    const bool cell = place_ == InlinePlace::kCell;
    return "](" + (cell ? ReplacePipes(destination, "%7C") : destination) + ")";
  }

  // Goes through the sequences of one marker character, which CommonMark reads as one delimiter.
  // Each call turns at most one sequence into tags, because that changes what stands beside others.
  bool ReplaceOneUnrecognised() {
    for (std::size_t begin = 0; begin < pieces_.size();) {
      const char marker = DelimiterOf(pieces_[begin]);
      std::size_t end = begin + 1;
      while (marker != 0 && end < pieces_.size() && DelimiterOf(pieces_[end]) == marker) ++end;
      if (marker != 0 && !IsRecognised(begin, end)) {
        for (std::size_t i = begin; i < end; ++i) markers_[pieces_[i].marker].tag = true;
        return true;
      }
      begin = end;
    }
    return false;
  }

  char DelimiterOf(const Piece& piece) const {
    if (piece.kind == Piece::Kind::kContent || markers_[piece.marker].tag) return 0;
    switch (markers_[piece.marker].attribute) {
      case Attribute::kBold:
      case Attribute::kItalic:
        return '*';
      case Attribute::kStrikethrough:
        return '~';
      default:
        return 0;
    }
  }

  bool IsRecognised(std::size_t begin, std::size_t end) const {
    const Piece::Kind kind = pieces_[begin].kind;
    const bool mixed = std::any_of(pieces_.begin() + static_cast<std::ptrdiff_t>(begin),
                                   pieces_.begin() + static_cast<std::ptrdiff_t>(end),
                                   [&](const Piece& piece) { return piece.kind != kind; });
    if (mixed) return false;
    // CommonMark takes a '~' beside '*' for punctuation, cmark-gfm looks through it: both must
    // agree.
    return Flanked(begin, end, Tildes::kCount) && Flanked(begin, end, Tildes::kSkip);
  }

  enum class Tildes { kCount, kSkip };
  bool Flanked(std::size_t begin, std::size_t end, Tildes tildes) const {
    const bool open = pieces_[begin].kind == Piece::Kind::kOpen;
    if (tildes == Tildes::kSkip) {
      while (begin > 0 && DelimiterOf(pieces_[begin - 1]) == '~') --begin;
      while (end < pieces_.size() && DelimiterOf(pieces_[end]) == '~') ++end;
    }
    const CharClass before =
        begin > 0 ? Classify(LastCodePoint(TextOf(pieces_[begin - 1])).value) : CharClass::kSpace;
    const CharClass after = end < pieces_.size()
                                ? Classify(FirstCodePoint(TextOf(pieces_[end])).value)
                                : CharClass::kSpace;
    // Between two punctuation marks it could do either, and could pair with the wrong one.
    const bool either = before == CharClass::kPunctuation && after == CharClass::kPunctuation;
    return !either && (open ? Flanks(after, before) : Flanks(before, after));
  }

  const std::vector<Run>& runs_;
  const InlinePlace place_;
  std::vector<Marker> markers_;
  std::vector<std::size_t> open_;  // indices into markers_, outermost first
  std::vector<Piece> pieces_;
  bool line_start_ = true;
};

}  // namespace

std::string InlineMarkdown(const std::vector<Run>& runs, InlinePlace place) {
  return Inline(runs, place).Text();
}

}  // namespace sluice::notion

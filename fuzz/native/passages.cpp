// Texts of any bytes, with spans of tokens that lie anywhere: units, pieces, windows.
#include "passages/passages.h"
#include "passages/find.h"

#include <cassert>
#include <cstdint>
#include <vector>

#include "input.h"

using namespace colmodern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::int64_t n_texts = input.from(1, 3);
  std::vector<std::u32string> words;
  for (std::int64_t i = input.from(0, 4); i > 0; --i) {
    const std::string word = input.text(8);
    words.push_back(decoded(word.data(), static_cast<std::int64_t>(word.size())));
  }
  std::vector<std::string> texts;
  std::vector<std::vector<std::int32_t>> spans;
  std::vector<TokenisedText> all;
  for (std::int64_t i = 0; i < n_texts; ++i) {
    const std::int64_t n_tokens = input.from(0, 40);
    spans.push_back(input.mostly<std::int32_t>(2 * n_tokens, 0, 300));
    texts.push_back(input.text(2000));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool has_spans = input.coin();
    all.push_back({texts[i].data(), static_cast<std::int64_t>(texts[i].size()), has_spans ? spans[i].data() : nullptr,
                   has_spans ? static_cast<std::int64_t>(spans[i].size()) / 2 : 0, input.coin()});
  }
  const std::vector<CutText> cuts = cut_texts(all, words, 1);

  std::vector<Piece> pieces;
  std::vector<std::int64_t> offsets{0}, n_tokens;
  std::vector<float> counts;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    for (const Piece& piece : cuts[i].pieces) {
      assert(piece.unit >= 0 && piece.unit < static_cast<std::int64_t>(cuts[i].units.size()));
      assert(piece.begin >= 0 && piece.begin <= piece.end);
    }
    pieces.insert(pieces.end(), cuts[i].pieces.begin(), cuts[i].pieces.end());
    counts.insert(counts.end(), cuts[i].counts.begin(), cuts[i].counts.end());
    offsets.push_back(static_cast<std::int64_t>(pieces.size()));
    n_tokens.push_back(cuts[i].pieces.empty() ? 0 : cuts[i].pieces.back().end);
  }
  const std::int64_t n_query = input.from(0, 5), wanted = input.from(1, 3);
  const bool has_maxima = input.coin();
  const auto n_pieces = static_cast<std::int64_t>(pieces.size());
  const std::vector<float> maxima = input.some<float>(n_pieces * n_query);
  const std::vector<double> idf = input.some<double>(static_cast<std::int64_t>(words.size()));
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(n_texts * wanted * 2));
  std::vector<double> scores(static_cast<std::size_t>(n_texts * wanted)), answers(pieces.size());
  choose_windows({pieces.data(), offsets.data(), n_tokens.data(), n_texts},
                 {has_maxima ? maxima.data() : nullptr, has_maxima ? n_query : 0, counts.data(), idf.data(),
                  static_cast<std::int64_t>(words.size())},
                 wanted, 1, chosen.data(), scores.data(), answers.data());

  std::vector<std::vector<PhrasePlaces>> phrases;
  for (std::size_t i = 0; i < texts.size() && has_maxima; ++i) {
    const std::int64_t begin = input.from(0, 30);
    phrases.push_back({{{begin, begin + input.from(1, 30)}}, {}});
  }
  const std::vector<PassagesOfText> found = find_passages({all, words, idf.data(), phrases, wanted, 0.5, 1}, nullptr);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const PlacedPassage& one : found[i].passages) {
      assert(0 <= one.bytes.start && one.bytes.start <= one.bytes.end);
      assert(one.bytes.end <= static_cast<std::int64_t>(texts[i].size()));
      assert(one.shown.start <= one.shown.end);
    }
  }
  return 0;
}

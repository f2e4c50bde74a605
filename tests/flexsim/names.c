#include "names.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(array) array, COUNT(array)

struct alphabet {
    unsigned per_mille;
    const char *const *first;
    size_t firsts;
    const char *const *rest;
    size_t rests;
    const char *joint;
    bool family_first;
};

static const char *const latin_first[] = {
    "Ba", "Bre", "Cor", "Da", "Dro", "El",  "Fen", "Gra", "Hal", "Is", "Jor", "Ka",  "Lo",  "Mer", "Nu",
    "Or", "Pel", "Qua", "Ri", "Sto", "Tal", "Ul",  "Ve",  "Wim", "Xa", "Yor", "Zan", "Thu", "Skel"};
static const char *const latin_rest[] = {"ba",  "bek", "co",  "dra", "do",  "el",   "fi",  "gan", "hu",  "ik",
                                         "ja",  "ko",  "lim", "lo",  "mar", "mo",   "nel", "no",  "or",  "pa",
                                         "qui", "rin", "ro",  "sa",  "sho", "tam",  "ti",  "ul",  "van", "vo",
                                         "wen", "xo",  "ya",  "zi",  "zu",  "thek", "brix"};
static const char *const accent_first[] = {"Żel", "Öre", "Šav", "Čo",  "Ño",  "Ås", "Ëv",  "Ğu",  "İl",
                                           "Ørm", "Łuk", "Émi", "Þor", "Ďur", "Ăn", "Ůza", "Ĺub", "Ķe",
                                           "Ḥa",  "Ớm",  "Æbe", "Ýr",  "Œu",  "Ț",  "Çel"};
static const char *const accent_rest[] = {"ča", "dź", "ë",  "ğan", "ï",  "ñu", "ö",  "řik",      "ßo",
                                          "ū",  "ža", "ął", "êt",  "øm", "ðe", "þi", "ő",        "ľa",
                                          "ņi", "ắn", "ệt", "șa",  "ėj", "ůn", "ña", "e\u0301l", "o\u0308n"};
static const char *const greek_first[] = {"Ζα", "Θο", "Κρα", "Λέ", "Νη", "Ξε",
                                          "Πό", "Ρα", "Φι",  "Ψα", "Ωλ", "Έμ"};
static const char *const greek_rest[] = {"βα", "γό",  "δέ", "κος", "λίν", "μα",
                                         "ξη", "πού", "ρυ", "στα", "ϊδ",  "ώς"};
static const char *const cyrillic_first[] = {"Бур", "Вел", "Гжа", "Дро", "Жу", "Ки",
                                             "Лю",  "Щё",  "Эм",  "Юк",  "Їл", "Ђор"};
static const char *const cyrillic_rest[] = {"ба",  "вик", "гра", "зё", "кул", "ля", "мо",
                                            "ньо", "рин", "щук", "ы",  "ъе",  "ґа"};
static const char *const arabic_first[] = {"با", "تل", "جو", "حك", "خو", "زن",
                                           "شل", "ضو", "غر", "فل", "قم", "مو"};
static const char *const arabic_rest[] = {"بان", "تو",  "دل", "رو", "سم", "كي",
                                          "لا",  "ميز", "نو", "ها", "وا", "ي"};
static const char *const hebrew_first[] = {"בל", "גו", "דר", "זי", "חו", "טל",
                                           "כו", "לב", "מו", "סר", "פל", "קו"};
static const char *const hebrew_rest[] = {"בו", "גל",  "דון", "זר", "טי", "לו",
                                          "מא", "נים", "סו",  "ר",  "שו", "תל"};
static const char *const han_first[] = {"霧", "鯨", "墨", "凪", "灯", "澪",
                                        "藍", "鈴", "𠮷", "樽", "狐", "雷"};
static const char *const han_rest[] = {"帆", "砂", "琥", "弦", "鐘", "蔦",
                                       "楓", "渦", "笛", "苔", "瑠", "雫"};
static const char *const kana_first[] = {"ムラ", "キョ", "ゾル", "ヴェ", "ペポ", "ドゥ", "リュ", "ザミ"};
static const char *const kana_rest[] = {"カ", "ソ", "ピン", "ルー", "メ", "ッタ", "ノ", "ギャ"};
static const char *const hangul_first[] = {"뷔", "쿠", "폼", "렌", "줄", "흠", "꼬", "퉁"};
static const char *const hangul_rest[] = {"라", "빛", "솔", "누", "깨", "튼", "별", "몽"};
static const char *const nagari_first[] = {"भू", "चे", "झो", "टि", "ढा", "फु", "बृ", "ष्टा", "ळे", "क्ष"};
static const char *const nagari_rest[] = {"का", "गि", "जू", "ठे", "णो", "बं", "रि", "ल्ला", "सु", "ह्म"};
static const char *const thai_first[] = {"กู", "ขิ", "จ้ำ", "ฌา", "ดื้", "ถ้อ", "ผึ", "ฟุ", "เลี้", "โซ่"};
static const char *const thai_rest[] = {"กา", "งุ้น", "ณี", "ทึ", "บ๊ะ", "พู่", "มิ", "ลำ", "สู", "ฮ่า"};
static const char *const emoji_first[] = {
    "🎭Zo", "🎧Ku", "Pi🎸", "🎬Le", "👩‍🎤Ra", "🏳️‍🌈Mo", "💡Ti", "👍🏽Ba"};
static const char *const emoji_rest[] = {"lo", "ka", "zi", "m🎉", "no", "ru✨", "ta", "👨‍👩‍👧",
                                         "vi", "🇪🇺"};

static const struct alphabet alphabets[] = {
    {560, WORDS(latin_first), WORDS(latin_rest), " ", false},
    {150, WORDS(accent_first), WORDS(accent_rest), " ", false},
    {40, WORDS(greek_first), WORDS(greek_rest), " ", false},
    {50, WORDS(cyrillic_first), WORDS(cyrillic_rest), " ", false},
    {35, WORDS(arabic_first), WORDS(arabic_rest), " ", false},
    {30, WORDS(hebrew_first), WORDS(hebrew_rest), " ", false},
    {35, WORDS(han_first), WORDS(han_rest), "", true},
    {20, WORDS(kana_first), WORDS(kana_rest), "・", true},
    {20, WORDS(hangul_first), WORDS(hangul_rest), " ", true},
    {25, WORDS(nagari_first), WORDS(nagari_rest), " ", false},
    {20, WORDS(thai_first), WORDS(thai_rest), " ", false},
    {15, WORDS(emoji_first), WORDS(emoji_rest), " ", false},
};

static const char *const awkward[] = {
    "He said \"no\", twice",
    "a,b;c\td|e",
    "line one\nline two\r\nline three\rline four",
    "=1+1",
    "=HYPERLINK(\"http://example.com\",\"click\")",
    "+49 555 0100",
    "-12.5",
    "@SUM(A1:A2)",
    "\tleading tab",
    "  blanks around  ",
    "",
    " ",
    "'; DROP TABLE contacts;--",
    "100% %s %n {0} ${x}",
    "<b>bold</b> & <script>alert(1)</script>",
    "back\\slash / and \\n that is none",
    "NULL",
    "007",
    "1e5",
    "2024-03-05",
    "true",
    "\u200fright to left\u200e and \u202eback\u202c",
    "zero\u200bwidth\u00a0blank\ufeff",
    "\001\033[31mcontrol\177",
    "Zalgo t\u0336\u0321e\u0337x\u0338t",
    "\"quoted\"",
    "\"",
    "{\"json\": [1, 2]}",
    "end of line\u2028 and paragraph\u2029",
    "\U0001f469\u200d\U0001f52c\U0001f9d1\U0001f3ff\u200d\U0001f680",
};

static const char *const company_kinds[] = {
    "Audio Hire",        "Stage & Light",      "Rigging",       "Event Technik GmbH",
    "Productions, Inc.", "Scénographie S.A.",  "Film Rental",   "\"Live\" Crew",
    "Backline Ltd",      "Exhibitions; Fairs", "Theatre Trust", "Sound+Vision",
};

static const char *const jobs[] = {
    "Lighting Technician",
    "Production Manager",
    "Rigger",
    "Head of Sound",
    "Stagehand",
    "Driver",
    "Warehouse Lead",
    "Accounts, payable",
    "Gaffer \"A\"",
    "Bühnenmeister",
    "Régisseur général",
    "舞台監督",
    "Buyer",
    "Project Manager",
    "Video Engineer",
    "Followspot",
};

static const char *const countries[] = {"Germany", "United Kingdom", "US",     "USA",
                                        "France",  "Österreich",     "CH",     "日本",
                                        "Brasil",  "India",          "Ελλάδα", ""};

const struct alphabet *names_alphabet(struct rng *r)
{
    unsigned dice = rng_below(r, 1000);
    for (size_t i = 0; i < COUNT(alphabets); i++) {
        if (dice < alphabets[i].per_mille)
            return &alphabets[i];
        dice -= alphabets[i].per_mille;
    }
    return &alphabets[0];
}

const struct alphabet *names_latin(void)
{
    return &alphabets[0];
}

static const char *pick(struct rng *r, const char *const *words, size_t n)
{
    return words[rng_below(r, (uint32_t)n)];
}

void names_word(const struct alphabet *a, struct rng *r, unsigned more, char ret[static NAMES_WORD_MAX])
{
    size_t at = (size_t)snprintf(ret, NAMES_WORD_MAX, "%s", pick(r, a->first, a->firsts));
    for (unsigned i = 0; i < more && at + 40 < NAMES_WORD_MAX; i++)
        at += (size_t)snprintf(ret + at, NAMES_WORD_MAX - at, "%s", pick(r, a->rest, a->rests));
}

void names_ascii(struct rng *r, unsigned syllables, char ret[static NAMES_WORD_MAX])
{
    size_t at = 0;
    ret[0] = '\0';
    for (unsigned i = 0; i < syllables && at + 8 < NAMES_WORD_MAX; i++)
        at += (size_t)snprintf(ret + at, NAMES_WORD_MAX - at, "%s", pick(r, WORDS(latin_rest)));
}

bool names_family_first(const struct alphabet *a)
{
    return a->family_first;
}

const char *names_joint(const struct alphabet *a)
{
    return a->joint;
}

const char *names_syllable(const struct alphabet *a, unsigned number)
{
    return a->rest[number % a->rests];
}

const char *names_awkward(struct rng *r)
{
    return pick(r, WORDS(awkward));
}

const char *names_company_kind(struct rng *r)
{
    return pick(r, WORDS(company_kinds));
}

const char *names_job(unsigned number)
{
    return jobs[number % COUNT(jobs)];
}

const char *names_country(struct rng *r)
{
    return pick(r, WORDS(countries));
}

"""How often is the encoding of a text guessed rightly? Texts of our own in many languages."""

# ruff: noqa: RUF001, E501 - letters of other scripts are what is tested

from __future__ import annotations

import pytest

from colmodern.corpus.decoding import decode

TEXTS = {
    "pl": (
        ("iso8859_2", "cp1250"),
        "Zażółć gęślą jaźń, mówi wróżka. Klucz do piwnicy leży pod starą wycieraczką, obok doniczki z pelargonią. Kto go zgubi, niech powie dozorcy jeszcze tego samego dnia, bo zamek trzeba będzie wymienić. W sobotę przyjdą robotnicy i zaczną wcześnie rano. Prosimy, żeby wszyscy mieszkańcy zamknęli okna, ponieważ będzie się kurzyć.",
    ),
    "cs": (
        ("iso8859_2", "cp1250"),
        "Příliš žluťoučký kůň úpěl ďábelské ódy. Klíč od sklepa leží pod starou rohožkou vedle květináče. Kdo ho ztratí, ať to řekne domovníkovi ještě týž den, protože zámek se bude muset vyměnit. V sobotu přijdou řemeslníci a začnou časně ráno. Prosíme všechny nájemníky, aby zavřeli okna, neboť se bude prášit.",
    ),
    "hu": (
        ("iso8859_2", "cp1250"),
        "A pince kulcsa a régi lábtörlő alatt van, a virágcserép mellett. Aki elveszíti, szóljon még aznap a házmesternek, mert a zárat ki kell cserélni. Szombaton jönnek a munkások, és korán reggel kezdenek. Kérjük a lakókat, hogy csukják be az ablakokat, mert nagy por lesz, és őrizzék meg türelmüket.",
    ),
    "ro": (
        ("iso8859_2", "cp1250"),
        "Cheia de la pivniţă se află sub preşul cel vechi, lângă ghiveci. Cine o pierde să-l anunţe pe administrator chiar în aceeaşi zi, fiindcă broasca va trebui schimbată. Sâmbătă vin meşterii şi încep dis-de-dimineaţă. Rugăm toţi locatarii să închidă ferestrele, pentru că se va face praf.",
    ),
    "hr": (
        ("iso8859_2", "cp1250"),
        "Ključ od podruma leži ispod starog otirača, pokraj lonca s cvijećem. Tko ga izgubi, neka to još istoga dana kaže domaru, jer će se brava morati zamijeniti. U subotu dolaze majstori i počinju rano ujutro. Molimo sve stanare da zatvore prozore, jer će biti mnogo prašine u čitavoj kući.",
    ),
    "et": (
        ("iso8859_15", "cp1257"),
        "Keldri võti on vana uksemati all, lillepoti kõrval. Kes selle kaotab, öelgu majahoidjale veel samal päeval, sest lukk tuleb välja vahetada. Laupäeval tulevad töömehed ja alustavad varahommikul. Palume kõigil üürnikel aknad sulgeda, sest õhku tõuseb palju tolmu. Täname, et olete mõistvad.",
    ),
    "lt": (
        ("cp1257",),
        "Rūsio raktas guli po senu kilimėliu, šalia vazono. Kas jį pames, tą pačią dieną tegul praneša sargui, nes spyną reikės pakeisti. Šeštadienį ateis meistrai ir pradės anksti rytą. Prašome visų gyventojų uždaryti langus, nes bus daug dulkių, ir ačiū už kantrybę.",
    ),
    "lv": (
        ("cp1257",),
        "Pagraba atslēga atrodas zem vecā paklāja, blakus puķu podam. Kas to pazaudē, lai vēl tajā pašā dienā pasaka sētniekam, jo slēdzene būs jānomaina. Sestdien nāks strādnieki un sāks agri no rīta. Lūdzam visus īrniekus aizvērt logus, jo būs daudz putekļu.",
    ),
    "tr": (
        ("cp1254", "iso8859_9"),
        "Deponun anahtarı eski paspasın altında, saksının yanındadır. Onu kaybeden aynı gün kapıcıya söylesin, çünkü kilidin değiştirilmesi gerekecek. Cumartesi günü ustalar gelecek ve sabah erkenden başlayacak. Bütün kiracılardan pencereleri kapatmalarını rica ediyoruz, çünkü ortalık çok tozlanacak ve gürültü olacaktır.",
    ),
    "he": (
        ("cp1255",),
        "המפתח של המרתף מונח מתחת לשטיח הישן, ליד העציץ. מי שמאבד אותו יודיע לשוער עוד באותו היום, כי יהיה צורך להחליף את המנעול. בשבת הבאה יבואו הפועלים ויתחילו מוקדם בבוקר. אנו מבקשים מכל הדיירים לסגור את החלונות, כי יהיה הרבה אבק.",
    ),
    "el": (
        ("cp1253", "iso8859_7"),
        "Το κλειδί του υπογείου βρίσκεται κάτω από το παλιό χαλάκι, δίπλα στη γλάστρα. Όποιος το χάσει, να το πει στον θυρωρό την ίδια μέρα, γιατί η κλειδαριά θα πρέπει να αλλαχτεί. Το Σάββατο έρχονται οι μάστορες και αρχίζουν νωρίς το πρωί. Παρακαλούμε όλους τους ενοίκους να κλείσουν τα παράθυρα.",
    ),
    "ru": (
        ("koi8_r", "cp1251", "iso8859_5", "cp866"),
        "Ключ от подвала лежит под старым ковриком, рядом с цветочным горшком. Кто его потеряет, пусть в тот же день скажет дворнику, потому что замок придётся менять. В субботу придут рабочие и начнут рано утром. Просим всех жильцов закрыть окна, так как будет много пыли.",
    ),
    "uk": (
        ("cp1251", "koi8_u"),
        "Ключ від підвалу лежить під старим килимком, поруч із квітковим горщиком. Хто його загубить, нехай того ж дня скаже двірникові, бо замок доведеться міняти. У суботу прийдуть робітники і почнуть рано-вранці. Просимо всіх мешканців зачинити вікна, бо буде багато пилу.",
    ),
    "bg": (
        ("cp1251",),
        "Ключът от мазето е под старата изтривалка, до саксията. Който го загуби, да каже на портиера още същия ден, защото ключалката ще трябва да се смени. В събота идват майсторите и започват рано сутринта. Молим всички наематели да затворят прозорците, защото ще има много прах.",
    ),
    "ar": (
        ("cp1256", "iso8859_6"),
        "مفتاح القبو تحت السجادة القديمة بجانب أصيص الزهور. من يفقده فليخبر البواب في اليوم نفسه، لأن القفل يجب أن يستبدل. يأتي العمال يوم السبت ويبدأون في الصباح الباكر. نرجو من جميع السكان إغلاق النوافذ لأن الغبار سيكون كثيرا.",
    ),
    "de": (
        ("cp1252",),
        "Der Schlüssel zum Keller liegt unter der alten Fußmatte, gleich neben dem Blumentopf. Wer ihn verliert, möge es dem Hausmeister noch am selben Tag sagen, weil das Schloss gewechselt werden müsste. Am Samstag kommen die Handwerker und fangen früh an. Bitte schließen Sie die Fenster, es wird stauben.",
    ),
    "fr": (
        ("cp1252", "iso8859_15", "mac_roman"),
        "La clé de la cave se trouve sous le vieux paillasson, à côté du pot de fleurs. Celui qui la perd est prié de prévenir le gardien le jour même, car il faudra changer la serrure. Les ouvriers viendront samedi et commenceront très tôt. Nous prions tous les locataires de fermer les fenêtres, à cause de la poussière ; ça ira vite.",
    ),
    "es": (
        ("cp1252",),
        "La llave del sótano está debajo del felpudo viejo, junto a la maceta. Quien la pierda, que avise al portero ese mismo día, pues habrá que cambiar la cerradura. El sábado vendrán los obreros y empezarán muy temprano. ¿Podrían los señores inquilinos cerrar las ventanas? Habrá mucho polvo, así será también mañana.",
    ),
    "pt": (
        ("cp1252",),
        "A chave da cave está debaixo do tapete velho, ao lado do vaso. Quem a perder deve avisar o porteiro no próprio dia, porque será preciso trocar a fechadura. No sábado vêm os operários e começam de manhã cedo. Pedimos a todos os inquilinos que fechem as janelas, pois não faltará pó nem haverá água.",
    ),
    "sv": (
        ("cp1252", "iso8859_15"),
        "Nyckeln till källaren ligger under den gamla dörrmattan, bredvid blomkrukan. Den som tappar den ska säga till vaktmästaren samma dag, eftersom låset måste bytas. På lördag kommer hantverkarna och börjar tidigt på morgonen. Vi ber alla hyresgäster att stänga fönstren, för det kommer att damma.",
    ),
    "fi": (
        ("cp1252", "iso8859_15"),
        "Kellarin avain on vanhan ovimaton alla, kukkaruukun vieressä. Joka sen hukkaa, ilmoittakoon siitä talonmiehelle vielä samana päivänä, koska lukko täytyy vaihtaa. Työmiehet tulevat lauantaina ja aloittavat aikaisin aamulla. Pyydämme kaikkia asukkaita sulkemaan ikkunat, sillä pölyä syntyy paljon.",
    ),
    "is": (
        ("cp1252",),
        "Lykillinn að kjallaranum er undir gömlu mottunni, við hliðina á blómapottinum. Sá sem týnir honum á að láta húsvörðinn vita sama dag, því að þá þarf að skipta um lás. Á laugardaginn koma iðnaðarmenn og byrja snemma. Við biðjum alla íbúa að loka gluggum, því að ryk verður mikið.",
    ),
    "ja": (
        ("shift_jis", "euc_jp", "iso2022_jp"),
        "地下室の鍵は、古い玄関マットの下、植木鉢の隣にあります。なくした人は、その日のうちに管理人に知らせてください。錠前を取り替えなければならないからです。土曜日に職人が来て、朝早くから作業を始めます。ほこりが立ちますので、窓を閉めてください。",
    ),
    "zh": (
        ("gb18030", "big5"),
        "地下室的鑰匙在舊門墊下面，花盆旁邊。誰丟了鑰匙，請當天告訴管理員，因為必須更換門鎖。星期六工人會來，一大早開始工作。請各位住戶關好窗戶，因為會有很多灰塵。",
    ),
    "ko": (
        ("euc_kr",),
        "지하실 열쇠는 낡은 매트 밑, 화분 옆에 있습니다. 열쇠를 잃어버린 사람은 그날 안에 관리인에게 알려 주십시오. 자물쇠를 바꾸어야 하기 때문입니다. 토요일에 일꾼들이 와서 아침 일찍 시작합니다. 먼지가 많이 나니 창문을 닫아 주십시오.",
    ),
    "th": (
        ("cp874",),
        "กุญแจห้องใต้ดินอยู่ใต้พรมเช็ดเท้าผืนเก่า ข้างกระถางดอกไม้ ใครทำหายให้แจ้งผู้ดูแลภายในวันเดียวกัน เพราะต้องเปลี่ยนแม่กุญแจ วันเสาร์ช่างจะมาและเริ่มงานแต่เช้า ขอให้ผู้เช่าทุกคนปิดหน้าต่างเพราะจะมีฝุ่นมาก",
    ),
}
PAIRS = [
    (language, encoding) for language, (encodings, _) in TEXTS.items() for encoding in encodings
]
WESTERN = [
    "I don’t know, he said.", "plain words " * 50 + "naïve", "Größe", "10 °C", "© 2024 Ann",
    "price: 10 €", "“Smart quotes” and a dash…", "piña, niño", "déjà vu", "Ærø", "señor", "über",
    "Der Schlüssel öffnet", "café", "word " * 300 + "it’s " * 40, "x = 5 µm ± 3 %",
    "Señor Núñez came from A Coruña.",
]  # fmt: skip


def is_right(text, encoding):
    data = text.encode(encoding, "ignore")
    return decode(data) == data.decode(encoding)


@pytest.mark.parametrize(("language", "encoding"), PAIRS)
def test_a_text_of_some_sentences_is_read(language, encoding):
    assert is_right(TEXTS[language][1] * 4, encoding)


def test_most_single_sentences_are_read():
    cases = [
        (language, encoding, sentence)
        for language, encoding in PAIRS
        for sentence in TEXTS[language][1].replace("。", ". ").split(". ")[:5]
        if encoding != "iso2022_jp" and not sentence.encode(encoding, "ignore").isascii()
    ]
    wrong = [case[:2] for case in cases if not is_right(case[2], case[1])]
    assert len(wrong) <= 0.08 * len(cases), wrong


@pytest.mark.parametrize("text", WESTERN)
def test_western_text_with_a_few_marks_is_read(text):
    assert is_right(text, "cp1252")


def test_a_symbol_within_a_word_tells_twins_apart():
    text = "Žluťoučký kůň skákal přes plot, až mu ťapky brněly. " * 9
    for encoding in ("iso8859_2", "cp1250"):
        assert is_right(text, encoding)

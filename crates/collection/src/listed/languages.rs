//! Words of other languages than English for what lists hold: headings, parts of a split, yes and no.

use unicode_normalization::UnicodeNormalization;

use crate::text::plain;

/// A heading for comparison: letters and digits in lower case, without accents, and in English where another language's
/// word for it is known ("Dateiname", "Género", "ジャンル").
pub(super) fn heading_form(heading: &str) -> String {
    let word = bare(heading);
    match english(&word) {
        Some(english) => english.to_owned(),
        None => word,
    }
}

/// Letters and digits in lower case and without accents.
pub(super) fn bare(text: &str) -> String {
    let is_accent = |letter: &char| ('\u{300}'..='\u{36f}').contains(letter);
    // Wide letters are the same letters.
    let plain = plain(&text.nfkc().collect::<String>());
    let plain = plain.nfd().filter(|letter| !is_accent(letter)).nfc();
    // Strokes through letters are no accents to Unicode.
    let plain = plain.map(|letter| match letter {
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' => 'd',
        // The same letter at the end of a word.
        'ς' => 'σ',
        other => other,
    });
    plain.collect()
}

fn english(word: &str) -> Option<&'static str> {
    let known = |words: &str| words.split_ascii_whitespace().any(|other| other == word);
    let found = HEADINGS.iter().find(|(_, words)| known(words));
    found.map(|(english, _)| *english)
}

/// Whether a word is one of a list's.
pub(super) fn is_one_of(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|other| other == word)
}

/// What is learned from; all in the form of [`bare`]. English words and those of the field stand in `words.rs`.
pub(super) const TRAIN: &str = "entrainement apprentissage entrenamiento treino treinamento treinar addestramento allenamento \
     ubung trening treningowy treningowe treningowa uczacy traning koulutus opetus trenovaci tanito egitim обучение обучающая \
     обучающии тренировочная тренировочныи тренировка треин навчання εκπαιδευση 学習 学習用 訓練 訓練用 训练 训练集 訓練集 훈련 학습 \
     훈련용 학습용 学習データ 訓練データ 训练数据 학습데이터 훈련데이터 تدريب אימון";
/// What is chosen by.
pub(super) const VALID: &str = "validierung validacion validacao validazione validatie walidacja walidacyjny walidacyjne \
     walidacyjna validering validointi validacni dogrulama gecerleme валидация валидационная валидационныи валідація \
     επικυρωση 検証 検証用 検証データ 验证数据 검증데이터 验证 验证集 驗證 驗證集 검증 검증용 تحقق";
/// What is scored.
pub(super) const TEST: &str = "prueba pruebas teste testes essai testowy testowe testowa testi testovaci teszt тест тестовая \
     тестовыи тестирование τεστ テスト テスト用 テストデータ 测试数据 테스트데이터 評価 評価用 测试 测试集 測試 測試集 테스트 테스트용 평가 평가용 اختبار בדיקה";
/// What stands beside these and says nothing.
pub(super) const FILLER: &str = "set split data part subset menge datensatz daten ensemble jeu de donnees conjunto datos dados \
     insieme dati zbior podzial выборка набор данные データ セット データセット 集 数据 数据集 資料 資料集 데이터 세트";

/// Yes, as people and spreadsheets in their language write it.
pub(super) const YES: &str = "ja wahr oui vrai si verdadero sim verdadeiro vero waar tak prawda sant sand tosi kylla igen igaz \
     ano da tacno evet dogru да истина так はい 是 真 예 네 참 ναι αληθεσ";
/// No.
pub(super) const NO: &str = "nein falsch non faux falso nao nee onwaar nie falsz falskt falsk epatosi ei nem hamis ne nepravda \
     netacno hayir yanlis нет ложь ні いいえ 否 假 偽 아니오 거짓 οχι ψευδεσ";

/// The headings of lists in English, and other languages' words for them in the form of [`bare`].
const HEADINGS: [(&str, &str); 26] = [
    ("dataset", "datensatz 数据集 資料集 データセット 데이터셋"),
    (
        "file",
        "datei audiodatei tondatei bestand geluidsbestand fichier fichieraudio archivo fichero archivodeaudio arquivo \
         ficheiro arquivodeaudio fileaudio fil lydfil ljudfil tiedosto aanitiedosto plik plikaudio soubor subor fajl \
         datoteka fisier dosya sesdosyasi berkas tep taptin фаил аудиофаил аудіофаил фајл датотека αρχειο αρχειοηχου \
         ファイル 音声ファイル 音声 音源 音楽ファイル オーディオ 文件 音频 音频文件 檔案 音檔 音訊檔 音訊 파일 음원 음원파일 오디오 오디오파일 음악파일 ملف الملف קובץ",
    ),
    (
        "filename",
        "dateiname bestandsnaam nomdufichier nomfichier nomdefichier nombredearchivo nombrearchivo nombredelarchivo \
         nombredefichero nomedoarquivo nomedearquivo nomedoficheiro nomefile nomedelfile filnamn filnavn tiedostonimi \
         tiedostonnimi nazwapliku nazevsouboru nazovsuboru fajlnev nazivdatoteke imedatoteke numefisier dosyaadi \
         namaberkas namafile tentep имяфаила названиефаила имефајла імяфаилу назвафаилу именафаил имедатотеке \
         ονομααρχειου ファイル名 音声ファイル名 文件名 文件名称 音频文件名 檔名 檔案名稱 檔案名 파일명 파일이름 اسمالملف שםהקובץ שםקובץ",
    ),
    (
        "path",
        "pfad dateipfad bestandspad chemin chemindufichier cheminfichier chemindacces ruta rutadelarchivo rutadearchivo \
         rutaarchivo caminho caminhodoarquivo caminhoarquivo percorso percorsofile percorsodelfile sokvag sti filsti \
         filbane polku tiedostopolku sciezka sciezkapliku sciezkadopliku cesta cestaksouboru cestaksuboru utvonal \
         eleresiut putanja putdodatoteke cale caleafisierului dosyayolu jalurberkas duongdan путь путькфаилу \
         путьдофаила шлях шляхдофаилу път пътдофаила путања διαδρομη διαδρομηαρχειου パス ファイルパス 路径 文件路径 音频路径 路徑 檔案路徑 \
         音檔路徑 경로 파일경로 المسار مسارالملف נתיב",
    ),
    (
        "folder",
        "ordner verzeichnis unterordner dateiordner dossier repertoire sousdossier carpeta directorio subcarpeta pasta \
         diretorio cartella sottocartella mapp mappe kansio katalog slozka priecinok mappa mapa klasor dizin thumuc \
         папка каталог директория тека φακελοσ フォルダ フォルダー ディレクトリ 文件夹 目录 資料夾 目錄 폴더 디렉터리 디렉토리 المجلد תיקייה",
    ),
    (
        "genre",
        "genero generomusical genere generemusicale musikgenre musikrichtung sjanger tyylilaji gatunek gatunekmuzyczny \
         zanr hudobnyzaner mufaj zanar tur muziktur theloai жанр музыкальныижанр ειδοσ μουσικοειδοσ ジャンル 音楽ジャンル 流派 曲风 \
         音乐流派 音乐类型 曲風 音樂類型 장르 음악장르 النوع זאנר",
    ),
    (
        "label",
        "etikett beschriftung etiquette etiqueta rotulo etichetta etikette etykieta stitek stitok cimke oznaka eticheta \
         etiket nhan метка ярлык мітка етикет ознака ετικετα ラベル 正解ラベル 标签 标注 標籤 標註 라벨 레이블 التسمية תווית",
    ),
    (
        "class",
        "klasse classe clase klass luokka klasa trida trieda osztaly razred clasa sinif kelas lop класс клас класа ταξη \
         κλαση クラス 类 類 클래스 الفئة מחלקה",
    ),
    (
        "category",
        "kategorie categorie categoria kategori kategoria kategorija danhmuc категория категорія категорија κατηγορια \
         カテゴリ カテゴリー 分類 分类 类别 类型 類別 類型 분류 카테고리 الصنف קטגוריה",
    ),
    (
        "style",
        "stil estilo stile styl tyyli stilus стиль стил στυλ スタイル 风格 風格 스타일",
    ),
    (
        "mood",
        "stimmung humeur ambiance estadodeanimo umore stamning stemning tunnelma nastroj nalada hangulat настроение \
         настріи ムード 気分 雰囲気 情绪 心情 情緒 기분 분위기",
    ),
    (
        "instrument",
        "instrumento strumento instrumentti hangszer инструмент інструмент οργανο 楽器 乐器 樂器 악기",
    ),
    (
        "tags",
        "schlagworte schlagworter etiquettes etiquetas etichette motscles palabrasclave palavraschave etykiety \
         tunnisteet теги тэги мітки тагове ετικετεσ タグ 标记 標記 태그",
    ),
    ("genres", "generos generi gatunki zanry жанры"),
    (
        "split",
        "aufteilung teilmenge teil particion particao partizione ensemble conjunto insieme podzial zbior uppdelning \
         opdeling jako osajoukko rozdeleni felosztas bolme выборка разбиение разделение вибірка поділ подела \
         διαχωρισμοσ 分割 データ分割 データ区分 区分 划分 数据集划分 数据划分 劃分 資料集劃分 분할 데이터분할 구분",
    ),
    (
        "artist",
        "kunstler kunstlerin interpret interprete artiest artiste artista artisti esittaja wykonawca artysta umelec \
         eloado izvodac izvajalec sanatci nghesi casi исполнитель артист виконавець изпълнител извођач καλλιτεχνησ \
         アーティスト アーティスト名 歌手 歌手名 艺术家 艺人 藝人 演出者 아티스트 가수 가수명 الفنان אמן",
    ),
    (
        "title",
        "titel liedtitel titre titulo titolo tittel kappale tytul nazev nazov cim naslov titlu baslik sarki \
         tieude название заглавие назва наслов τιτλοσ タイトル 曲名 题目 标题 歌名 歌曲名 標題 제목 곡명 العنوان כותרת",
    ),
    (
        "name",
        "nom nombre nome namn navn nimi nazwa jmeno nev naziv имя назив ονομα 名前 名称 名稱 이름",
    ),
    (
        "key",
        "tonart toonsoort toonaard tonalite tonalidad tonalidade tonalita savellaji tonacja tonina hangnem tonalitet \
         tonalitate tonalitesi тональность тональність тоналност тоналитет τονικοτητα 調 調性 キー 调 调性 조성",
    ),
    ("mode", "tongeschlecht modo modus лад 旋法 调式 調式 선법"),
    (
        "tempo",
        "темп テンポ 速度 节奏速度 템포 빠르기 rychlost tempa",
    ),
    (
        "arousal",
        "erregung activacion eccitazione attivazione excitacao ativacao возбуждение активность 覚醒度 覚醒 唤醒度 喚醒度 각성 각성도",
    ),
    (
        "valence",
        "valenz valencia valenza валентность 感情価 快適度 效价 效價 정서가",
    ),
    (
        "duration",
        "dauer duree duracion duracao durata varaktighet varighet kesto dlugosc delka длительность продолжительность \
         тривалост тривалість διαρκεια 長さ 時間 时长 時長 길이",
    ),
    ("album", "альбом アルバム 专辑 專輯 앨범"),
    (
        "year",
        "jahr annee ano anno jaar rok yil год рік година ετοσ 年 年份 연도",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::headings, *};

    #[test]
    fn every_word_can_be_met_and_means_one_thing() {
        let mut seen = BTreeSet::new();
        for (english, words) in HEADINGS {
            assert!(
                headings::is_known(english) || headings::MODE.contains(&english),
                "{english}"
            );
            for word in words.split_ascii_whitespace() {
                assert_eq!(bare(word), word, "is compared in another form");
                assert!(seen.insert(word), "{word} twice");
                assert!(
                    word == english || !headings::is_known_in_english(word),
                    "{word}"
                );
            }
        }
        for words in [[TRAIN, VALID, TEST, FILLER].join(" "), [YES, NO].join(" ")] {
            let mut seen = BTreeSet::new();
            for word in words.split_ascii_whitespace() {
                assert_eq!(bare(word), word, "is compared in another form");
                assert!(seen.insert(word.to_owned()), "{word} twice");
            }
        }
    }

    #[test]
    fn headings_of_many_languages_are_those_of_english() {
        for (written, english) in [
            ("Dateiname", "filename"),
            ("Nom du fichier", "filename"),
            ("Género", "genre"),
            ("ジャンル", "genre"),
            ("Имя файла", "filename"),
            ("Ścieżka", "path"),
            ("ΕΊΔΟΣ", "genre"),
            ("ｆｉｌｅ", "file"),
            ("파일 이름", "filename"),
            ("標籤", "label"),
            ("Genre", "genre"),
            ("file_name", "filename"),
        ] {
            assert_eq!(heading_form(written), english, "{written}");
        }
    }
}

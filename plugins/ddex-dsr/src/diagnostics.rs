//! The diagnostics of this family. Rules named V-… and ARCH-… are the candidate rules and the
//! architecture rules of DSR.

transpose_core::codes! {
    /// The first record of a file is no header.
    pub(crate) NO_HEAD: "DSR0101" "no-header" Error
        "The first line that is neither blank nor a comment must be a HEAD record (V-REC-1)."
        "Check that the input is a DSR message and that it was not cut at its beginning."
    /// The message is of another profile.
    pub(crate) WRONG_PROFILE: "DSR0102" "other-profile" Error
        "The Profile cell of the header names a profile that this format does not read (V-HEAD-2)."
        "Choose the format of that profile; `transpose formats` lists them."
    /// The name of the profile is spelled in another way.
    pub(crate) PROFILE_SPELLING: "DSR0103" "profile-spelling" Warning
        "The Profile cell differs from the name of the profile in capitals or spaces (V-HEAD-2, ARCH-101)."
        "Ask the sender to write the name exactly."
    /// The version of the profile is not known.
    pub(crate) PROFILE_VERSION: "DSR0104" "unknown-profile-version" Warning
        "The ProfileVersion cell holds no known version; the versions of the records decide (V-HEAD-3)."
        "Nothing needs to be done if the records are read as expected; else name the version that the sender meant."
    /// There is no summary record.
    pub(crate) NO_SUMMARY: "DSR0105" "no-summary" Error
        "A message has at least one summary record, even when nothing was sold (V-REC-4, ARCH-51)."
        "Ask the sender for the summary records."
    /// Summary records of one type are not together.
    pub(crate) SUMMARY_ORDER: "DSR0106" "summary-order" Warning
        "Summary records of one type are contiguous (V-REC-6, ARCH-52)."
        "Nothing needs to be done to read the message; it is written in the right order."
    /// An identifier of a summary record is used twice.
    pub(crate) SUMMARY_REUSED: "DSR0107" "summary-id-reused" Error
        "Two summary records have the same SummaryRecordId (V-REF-5); usages are given to the first."
        "Ask the sender which summary record the usages belong to."
    /// A value of the header contradicts another one.
    pub(crate) HEAD_CONTRADICTION: "DSR0108" "header-contradiction" Error
        "The reporting period ends before it starts, or the file number exceeds the number of files (V-HEAD-4, V-HEAD-5)."
        "Ask the sender for a corrected header."
    /// The head of the message is longer than any message needs.
    pub(crate) HEAD_TOO_LONG: "DSR0109" "head-too-long" Error
        "Header and summary records take more than 64 MiB; they are kept in memory and therefore bounded."
        "Split the report, or check that the input is a DSR message."
    /// A record has fewer cells than its definition.
    pub(crate) MISSING_CELLS: "DSR0201" "missing-cells" Warning
        "Every record carries the exact number of cells of its definition (ARCH-10); missing cells at the end are read as empty (V-CELL-1)."
        "Ask the sender to keep the trailing tabs; spreadsheet programs drop them."
    /// A record has more cells than its definition, and they are empty.
    pub(crate) EXTRA_CELLS: "DSR0202" "extra-cells" Warning
        "The record has more cells than its definition (V-CELL-2)."
        "Nothing is lost; ask the sender to write the exact number of cells."
    /// Cells beyond the definition hold data.
    pub(crate) EXTRA_DATA: "DSR0203" "extra-data" Error
        "Cells beyond the definition of the record hold data that cannot be understood and is left out (V-CELL-2)."
        "Compare the record with its definition: a cell may be shifted by an unescaped tab, or the version of the record may be wrong."
    /// A mandatory cell is empty.
    pub(crate) EMPTY_CELL: "DSR0204" "empty-mandatory-cell" Error
        "The definition of the record marks the cell as mandatory (V-CELL-3)."
        "Ask the sender for the value."
    /// A value does not fit the type of its cell.
    pub(crate) WRONG_TYPE: "DSR0205" "wrong-type" Error
        "The value does not fit the type of its cell (V-CELL-4). In a usage record the block is rejected, elsewhere the value is left out."
        "Ask the sender for a value of the right type."
    /// A value is kept but looks wrong.
    pub(crate) ODD_VALUE: "DSR0206" "odd-value" Warning
        "The value is kept as it is, but is not what its cell should hold (V-ID-1 to V-ID-6)."
        "Check the value with the sender."
    /// A value was brought to its canonical notation.
    pub(crate) NORMALISED: "DSR0207" "normalised" Warning
        "The value was written in another notation and is read in its canonical one (V-CELL-7, V-CELL-13, V-CELL-15)."
        "Nothing needs to be done."
    /// A value is not in its set.
    pub(crate) UNKNOWN_VALUE: "DSR0208" "unknown-allowed-value" Warning
        "The value is not in the known set of allowed values (V-CELL-5). The sets grow without a new version of the standard."
        "Check the spelling; `transpose explain` prints the set."
    /// A value should no longer be used.
    pub(crate) DEPRECATED_VALUE: "DSR0209" "deprecated-value" Warning
        "The set of allowed values marks the value as deprecated (V-CELL-6)."
        "Use its successor; `transpose explain` prints the set."
    /// A cell for one value holds several.
    pub(crate) UNEXPECTED_LIST: "DSR0210" "unexpected-list" Error
        "A bare pipe divides values, and the cell takes only one (V-CELL-8, ARCH-21); the text is kept with its pipe."
        "Ask the sender to escape the pipe, or to write one value."
    /// A run of backslashes means nothing.
    pub(crate) BAD_ESCAPE: "DSR0211" "bad-escape" Error
        "A tab is preceded by one backslash, a pipe by two, and a backslash is written as three (V-CELL-9, ARCH-20); the run is kept as it is."
        "If the sender follows the older notation, set the option `escapes` to `1.1`."
    /// Spaces are around a value.
    pub(crate) SPACES: "DSR0212" "spaces-trimmed" Warning
        "There are no spaces around delimiters (V-CELL-11, ARCH-19); they were trimmed."
        "Nothing needs to be done."
    /// A duration is in another form of ISO 8601.
    pub(crate) DURATION_FORM: "DSR0299" "duration-form" Info
        "Durations are written `PT[[hhH]mmM]ssS`, with seconds always and minutes where there are hours (ARCH-37); other forms of ISO 8601 are read as well."
        "`transpose validate --fix` writes it so."
    /// A number that has to be whole is not.
    pub(crate) FRACTION: "DSR0217" "fraction" Error
        "The cell holds whole numbers in this version (V-CELL-4); the value is kept as it is."
        "Ask the sender for the right number, or whether the message is of another version."
    /// Parts of a usage that are more than the usage.
    pub(crate) SPLIT_SUM: "DSR0247" "split-exceeds-usage" Warning
        "ST01 records separate the usages of the record above them by subscriber type, so they add up to no more than it has (V-SUM-6)."
        "Ask the sender which of the numbers is right. Partners who agreed on another reading set `V-SUM-6 = \"off\"` in a rules file."
    /// Two parts of a usage for one summary record.
    pub(crate) SPLIT_TWICE: "DSR0248" "split-repeated" Error
        "A usage has one ST01 record for each summary record (V-REF-10); a second one is counted twice by whoever adds them."
        "Ask the sender whether the record is repeated."
    /// Text holds a control character.
    pub(crate) CONTROL: "DSR0213" "control-character" Warning
        "Text holds none of the characters U+0000 to U+001F (V-CELL-12, ARCH-6)."
        "Check the value with the sender; it may have been cut by a line break."
    /// A line is blank.
    pub(crate) BLANK_LINE: "DSR0214" "blank-line" Warning
        "Blank lines are counted by the footer and otherwise ignored (V-REC-11, ARCH-92)."
        "Nothing needs to be done."
    /// A deprecated cell holds a value.
    pub(crate) DEPRECATED_CELL: "DSR0215" "deprecated-cell" Warning
        "Deprecated cells keep their place and stay empty (V-CELL-10, ARCH-13); the value is left out."
        "Ask the sender what the value means."
    /// An identifier has the right form and a wrong check digit.
    pub(crate) CHECK_DIGIT: "DSR0216" "check-digit" Info
        "The form of the ISWC is right, its check digit is not (V-ID-2); it is kept as it is."
        "Compare the code with its source; a digit may be mistyped."
    /// An ISRC has a prefix that no agency has.
    pub(crate) ISRC_PREFIX: "DSR0218" "isrc-prefix" Info
        "The form of the ISRC is right, but its first two letters were never allocated, as far as the list of 4 November 2025 says (V-ID-1); it is kept as it is."
        "Compare the code with its source; a letter may be mistyped."
    /// The type of a record is not known.
    pub(crate) UNKNOWN_RECORD: "DSR0221" "unknown-record" Warning
        "The record type is not known (V-REC-10, ARCH-93); the line is left out."
        "Check that the message is of this profile."
    /// A record has another version than the profile binds.
    pub(crate) RECORD_VERSION: "DSR0222" "record-version" Warning
        "The version of the record is not the one that the version of the profile binds (V-REC-9); it is read by its own definition where that is known."
        "Nothing needs to be done if the cells are read as expected."
    /// The records of a block do not follow the structure of the profile.
    pub(crate) BLOCK_ORDER: "DSR0223" "block-order" Error
        "The order of records in a block does not fit the profile (V-REC-12)."
        "Ask the sender for a corrected block."
    /// A header or summary record is among the blocks.
    pub(crate) STRAY_RECORD: "DSR0224" "stray-record" Error
        "Header and summary records come before the first block (V-REC-3, V-REC-5); the line is left out."
        "Ask the sender for a corrected message."
    /// A reference names nothing in its block.
    pub(crate) UNKNOWN_REFERENCE: "DSR0231" "unknown-reference" Error
        "A reference points to a record of the same block (V-REF-2, ARCH-55)."
        "Ask the sender for a corrected block."
    /// A usage names no known summary record.
    pub(crate) UNKNOWN_SUMMARY: "DSR0232" "unknown-summary" Error
        "SummaryRecordId names one of the summary records of the message (V-REF-1)."
        "Ask the sender for a corrected message; a summary record may be missing."
    /// A usage names neither a release nor a resource.
    pub(crate) IMPLIED_REFERENCE: "DSR0233" "implied-reference" Warning
        "The usage names neither a release nor a resource; the only resource of the block is meant (V-COND-2)."
        "Nothing needs to be done."
    /// A usage names both a release and a resource.
    pub(crate) BOTH_REFERENCES: "DSR0234" "both-references" Warning
        "The usage names a release and a resource (V-COND-2); it is given to the resource, and the release is left out."
        "Ask the sender what was used."
    /// A reference is used twice in a block.
    pub(crate) REFERENCE_REUSED: "DSR0235" "reference-reused" Error
        "References are unique in their block (V-REF-3, ARCH-55); the first record is meant."
        "Ask the sender for a corrected block."
    /// The use type is on both the summary and the usage, or on neither.
    pub(crate) USE_TYPE: "DSR0237" "use-type-place" Error
        "The use type is on the summary record or on the usage record: on exactly one of them (V-COND-1, ARCH-58)."
        "Ask the sender for the use type, or to leave one of the two out."
    /// A sale has no price.
    pub(crate) NO_PRICE: "DSR0238" "missing-price" Error
        "A price is mandatory under the commercial model PayAsYouGoModel (V-COND-3)."
        "Ask the sender for the price."
    /// Text is not UTF-8.
    pub(crate) NOT_UTF8: "DSR0241" "not-utf-8" Error
        "Messages are UTF-8 (V-FILE-1, ARCH-2)."
        "Ask the sender for a UTF-8 file; converting the damaged text cannot bring it back."
    /// The file begins with a byte order mark.
    pub(crate) BYTE_ORDER_MARK: "DSR0242" "byte-order-mark" Warning
        "The file begins with a byte order mark (V-FILE-2, ARCH-2); it was dropped."
        "Nothing needs to be done."
    /// The footer is missing.
    pub(crate) NO_FOOT: "DSR0251" "no-footer" Error
        "A message ends with a FOOT record (V-REC-2); without it the file was probably cut."
        "Fetch the file again, and compare its size with the sender's."
    /// A count of the footer is wrong.
    pub(crate) FOOT_COUNT: "DSR0252" "footer-count" Error
        "A count in the footer differs from what the file holds (V-FOOT-1 to V-FOOT-7). Lines include header, footer, blank lines and comments."
        "Fetch the file again; if it is the same, ask the sender for a corrected footer."
    /// There are several footers, or records after the footer.
    pub(crate) FOOT_PLACE: "DSR0253" "footer-place" Error
        "The footer is the last record and there is one (V-REC-2, V-REC-3)."
        "Check that no files were joined."
    /// Delimiters inside data are written in the older notation.
    pub(crate) OLD_ESCAPES: "DSR0110" "old-escapes" Warning
        "The beginning of the file writes pipes and backslashes inside data as Part 1 v1.1 did (V-CELL-9, ARCH-23, ARCH-24); the file is read that way."
        "Ask the sender for the current notation; the option `escapes` sets it where the beginning of a file misleads."
    /// A single-record file says that it is one of several.
    pub(crate) SPLIT_SINGLE: "DSR0111" "split-single-record" Error
        "Messages of the single-record variant are not split over several files (V-SET-6, ARCH-88)."
        "Ask the sender for one file, or for the multi-record variant."
    /// The text of MessageVersion has another form.
    pub(crate) MESSAGE_VERSION: "DSR0112" "message-version" Warning
        "MessageVersion is `dsrf/<Part 1>/<AVS>/<Part 8>`, or `dsrf/30` in the edition of 2016 (V-HEAD-1, ARCH-100)."
        "Ask the sender to write the version that the message follows."
    /// A recipient is given by half.
    pub(crate) RECIPIENT: "DSR0113" "half-recipient" Error
        "RecipientPartyId and RecipientName are filled for exactly one recipient, otherwise both are empty (V-COND-8, ARCH-102)."
        "Ask the sender for the other cell."
    /// A summary record details another one that is missing.
    pub(crate) NO_PARENT_SUMMARY: "DSR0114" "no-parent-summary" Error
        "SY05 follows the SY04 that it details (V-REC-7, ARCH-52)."
        "Ask the sender for the SY04 record."
    /// Summary records of one type are not together where they must.
    pub(crate) SUMMARY_ORDER_DUTY: "DSR0115" "summary-order-duty" Error
        "In audio-visual messages summary records of one type must be contiguous (V-REC-6, ARCH-52)."
        "Ask the sender to sort the summary records by type."
    /// A summary record names another one that is not there.
    pub(crate) UNKNOWN_PARENT: "DSR0116" "unknown-parent-summary" Error
        "ParentSummaryRecordId names a summary record of the message (V-REF-1)."
        "Ask the sender for the missing summary record."
    /// A channel is given by half.
    pub(crate) CHANNEL: "DSR0117" "half-channel" Warning
        "The name of a distribution channel and its DPID are given together (V-COND-14)."
        "Ask the sender for the other cell."
    /// Two currencies and no rate.
    pub(crate) NO_RATE: "DSR0118" "missing-exchange-rate" Warning
        "Where the currency of transaction differs from that of reporting, the rate is given (V-COND-7)."
        "Ask the sender for the exchange rate."
    /// A rate of exchange without its origin.
    pub(crate) RATE_ORIGIN: "DSR0120" "exchange-rate-origin" Warning
        "Where a rate of exchange is given, so are its source and its date (V-COND-19)."
        "Ask the sender where the rate comes from, and of which day it is."
    /// A subscription without subscribers.
    pub(crate) NO_SUBSCRIBERS: "DSR0121" "missing-subscribers" Warning
        "Summary records of subscription services give the number of subscribers (V-COND-20)."
        "Ask the sender for the number of subscribers."
    /// Summary records that belong together.
    pub(crate) SUMMARY_STRUCTURE: "DSR0122" "summary-structure" Warning
        "Which summary records go together is a part of the structure of the version: in the profile for users' uploads, SY04 comes with SY09 and SY05 (V-REC-16, ARCH-52)."
        "Ask the sender for the summary records that are missing."
    /// A service description is more than a word.
    pub(crate) SERVICE_WORD: "DSR0119" "service-word" Warning
        "ServiceDescription has neither spaces nor underscores, because it is part of file names (V-COND-15, ARCH-111)."
        "Ask the sender to write the name of the service in one word."
    /// A record of another profile.
    pub(crate) FOREIGN_RECORD: "DSR0225" "foreign-record" Error
        "The record type exists, but not in this profile (V-REC-8). A block that holds usages in such a record is rejected; any other record is left out."
        "Check that the message names the right profile."
    /// Records of two kinds in a single-record file.
    pub(crate) MIXED_SINGLES: "DSR0226" "mixed-single-records" Warning
        "A single-record file holds one kind of record: downloads or streams (V-REC-12)."
        "Ask the sender for one file for each kind."
    /// The footer is that of the other variant.
    pub(crate) WRONG_FOOT: "DSR0254" "wrong-footer" Error
        "Multi-record messages end with FOOT, single-record messages with SRFO (V-REC-2)."
        "Ask the sender which variant is meant."
    /// A number has a shorter form.
    pub(crate) NEEDLESS_DIGITS: "DSR0261" "needless-digits" Warning
        "Numbers have no needless zeros, and nothing is written `0` (V-CELL-13, ARCH-31, ARCH-33)."
        "Nothing needs to be done; `--fix` writes the short form."
    /// Fewer than no usages.
    pub(crate) NEGATIVE: "DSR0262" "negative-usages" Warning
        "Numbers of usages and returns are not negative; a refund is a return (V-SUM-3)."
        "Ask the sender what the number means."
    /// A percentage that cannot be one.
    pub(crate) PERCENTAGE: "DSR0263" "odd-percentage" Warning
        "Shares and percentages are between 0 and 100, and a quarter is written 25 (V-COND-16, V-SUM-5, ARCH-70)."
        "Ask the sender whether a ratio was meant."
    /// A reference with odd characters.
    pub(crate) REFERENCE_FORM: "DSR0264" "reference-form" Warning
        "References have letters and digits only (V-REF-9, ARCH-55)."
        "Nothing needs to be done to read the message; ask the sender for plain references."
    /// Lists that run in parallel differ in length.
    pub(crate) PARALLEL: "DSR0265" "uneven-lists" Warning
        "Names and their identifiers, and other paired cells, run in the same order; an empty element keeps the place (V-CELL-14, ARCH-16)."
        "Ask the sender which identifier belongs to which name."
    /// A type of right and its share are not given together.
    pub(crate) RIGHTS_TYPE: "DSR0266" "rights-type-and-share" Error
        "RightsType and the share that belongs to it are given together; on a summary record the type may be given alone (V-COND-6)."
        "Ask the sender for the missing cell."
    /// A conflict without the date of its last check.
    pub(crate) CONFLICT_CHECK: "DSR0267" "missing-conflict-check" Warning
        "Where the ownership is in conflict, the date of the last check is given (V-COND-5)."
        "Ask the sender for the date."
    /// Two kinds of records of users' releases in one block.
    pub(crate) MIXED_EMBODIMENTS: "DSR0268" "mixed-user-releases" Error
        "RU01 and RU02 are never in one block (V-COND-10)."
        "Ask the sender for a corrected block."
    /// A work is described twice.
    pub(crate) WORK_TWICE: "DSR0269" "work-twice" Warning
        "A record of a work is never combined with a resource record that has details of its work (V-COND-11)."
        "Ask the sender which of the two holds."
    /// A record of a rights controller belongs to nothing.
    pub(crate) NO_OWNER: "DSR0270" "controller-of-nothing" Error
        "RC01 names a resource or a work (V-COND-9)."
        "Ask the sender for a corrected block."
    /// A record details a usage that is not there.
    pub(crate) UNKNOWN_SALE: "DSR0271" "unknown-parent-usage" Error
        "ParentSalesTransactionId names a usage of the same block (V-REF-7)."
        "Ask the sender for a corrected block."
    /// Two cells are swapped.
    pub(crate) SWAPPED: "DSR0272" "swapped-cells" Warning
        "SU03.03 has SummaryRecordId before SalesTransactionId, older versions have them the other way round (V-COND-13, ARCH-14)."
        "Nothing needs to be done; ask the sender to follow the order of the version."
    /// A usage names nothing.
    pub(crate) NO_REFERENCE: "DSR0273" "no-reference" Error
        "A usage names a release or a resource; only older versions let the only resource of a block be implied (V-COND-2)."
        "Ask the sender for the reference; the only resource of the block was used."
    /// A usage of an older version names two things.
    pub(crate) BOTH_REFERENCES_OLD: "DSR0274" "both-references-old" Error
        "Up to Part 8 v1.4 a usage names either a release or a resource (V-COND-2); it is given to the resource, and the release is left out."
        "Ask the sender what was used."
    /// A sub-release lists a resource that is not there.
    pub(crate) UNKNOWN_USED: "DSR0275" "unknown-used-resource" Error
        "UsedResources lists resources of the same block (V-REF-4)."
        "Ask the sender for a corrected block."
    /// A summary record is named twice.
    pub(crate) SUMMARY_TWICE: "DSR0276" "summary-named-twice" Error
        "Where records of rights holders name summary records, their usage leaves the cell empty (V-COND-12)."
        "Ask the sender which summary record is meant."
    /// A summary record is named nowhere.
    pub(crate) SUMMARY_NOWHERE: "DSR0277" "summary-named-nowhere" Error
        "A usage names its summary record unless records of rights holders that follow do (V-COND-12)."
        "Ask the sender for a corrected block."
    /// A file with two kinds of line ends.
    pub(crate) LINE_ENDS: "DSR0281" "mixed-line-ends" Warning
        "All lines of a file end in LF, or all in CR LF (V-FILE-3, ARCH-1)."
        "Nothing needs to be done; files were probably joined."
    /// A file that should have been split.
    pub(crate) LARGE_FILE: "DSR0282" "large-file" Warning
        "Files beyond 4,000,000,000 bytes are split unless the parties agree otherwise (V-FILE-4, ARCH-4)."
        "Ask the sender to split the message, or agree on a limit."
    /// The name of a file has another form.
    pub(crate) NAME_FORM: "DSR0291" "file-name-form" Warning
        "Files are named `DSR_Recipient_Sender_Service_Period_Territory_xofy_Created.tsv` (V-NAME-1, ARCH-110 to ARCH-112)."
        "Nothing needs to be done if the parties agreed on other names."
    /// A period in a name has another form.
    pub(crate) NAME_PERIOD: "DSR0292" "file-name-period" Warning
        "The period in a file name is a year, quarter, month, week, day or range (V-NAME-2, ARCH-115)."
        "Ask the sender to write the period in one of these forms."
    /// A number in a name is wrong.
    pub(crate) NAME_NUMBER: "DSR0293" "file-name-number" Error
        "`xofy` in the file name is the number of the file and of files, as in the header (V-NAME-3, ARCH-87)."
        "Check that no file was renamed."
    /// A party in a name is another one.
    pub(crate) NAME_PARTY: "DSR0294" "file-name-party" Warning
        "Recipient and sender in the file name are those of the header, by party id or name (V-NAME-4, ARCH-113)."
        "Check that no file was renamed."
    /// A service in a name is another one.
    pub(crate) NAME_SERVICE: "DSR0295" "file-name-service" Warning
        "The service in the file name is that of the header, or the tiers of the summary records joined by dashes (V-NAME-5, ARCH-103, ARCH-114)."
        "Check that no file was renamed."
    /// A time in a name is another one.
    pub(crate) NAME_CREATED: "DSR0296" "file-name-created" Warning
        "The time in the file name is MessageCreatedDateTime of the header (V-NAME-6, ARCH-117)."
        "Check that no file was renamed."
    /// A period in a name is too short.
    pub(crate) NAME_PERIOD_RANGE: "DSR0297" "file-name-range" Warning
        "The period in the file name covers UsageStartDate to UsageEndDate of the header (V-NAME-7)."
        "Ask the sender which of the two is meant."
    /// A name has a space.
    pub(crate) NAME_SPACE: "DSR0298" "file-name-space" Warning
        "Elements of file names have neither spaces nor underscores (V-NAME-8, ARCH-111)."
        "Ask the sender to name files without spaces."
    /// Something was mended.
    pub(crate) MENDED: "DSR0401" "mended" Info
        "The repaired copy differs here from the file that was validated; only what has one possible meaning is changed."
        "Inform the sender, so that the next file needs no repair."
    /// A partner does not accept something.
    pub(crate) NOT_ACCEPTED: "DSR0411" "not-accepted" Error
        "The rules of a partner restrict versions, records or values further than the standard does."
        "Ask the sender for what the partner accepts, or change the rules."
    /// A partner demands a value.
    pub(crate) DEMANDED: "DSR0412" "demanded" Error
        "The rules of a partner demand a value where the standard leaves the cell to conditions or choice."
        "Ask the sender for the value, or change the rules."
    /// Rules name what does not exist.
    pub(crate) NO_SUCH_CELL: "DSR0413" "no-such-cell" Error
        "Rules name a record or a cell that no version of the standard has."
        "`transpose explain` knows records by their type and cells by number or name: `SU02.03/11`, `UseType`."
    /// A mandatory cell of the header or of a summary record has no value.
    pub(crate) MISSING_VALUE: "DSR0301" "missing-value" Error
        "The message cannot be written without the value."
        "Set the value in the agreement or in the figures."
    /// A mandatory cell of a block has no value.
    pub(crate) MISSING_IN_BLOCK: "DSR0302" "missing-value-in-block" Error
        "The definition of the record marks the cell as mandatory, and neither the source nor the catalogue nor the agreement has a value. Nothing is written, unless `--allow-incomplete` asks for it; then the cell is left empty."
        "Add the value to the catalogue, or a default to the agreement."
    /// A value cannot be written into its cell.
    pub(crate) UNFIT_VALUE: "DSR0303" "unfit-value" Error
        "The value does not fit the type of the cell it goes to."
        "Correct the value at its source."
    /// The structure of a block is not one the version of the profile knows.
    pub(crate) BLOCK_SHAPE: "DSR0304" "block-shape" Warning
        "The block is complete, but its records do not fit the structure of this version of the profile."
        "Write another version, or check the block with the recipient."
    /// An option or a version is refused.
    pub(crate) OPTION: "DSR0306" "wrong-option" Error
        "An option, or the version after `@`, is not known or has a wrong value."
        "`transpose formats` prints the versions and options of the format."
    /// There is no sales context.
    pub(crate) NO_CONTEXT: "DSR0307" "no-context" Error
        "A message needs at least one summary record, even when nothing was sold (ARCH-51)."
        "Add a rule for a sales context to the agreement."
    /// A usage belongs to nothing that can be written.
    pub(crate) NO_ITEM: "DSR0308" "usage-without-item" Error
        "A usage belongs to a release or a recording of its block and to a sales context."
        "This is an error in the source; the run ends so that nothing is lost."
    /// A block has more than one release.
    pub(crate) SEVERAL_RELEASES: "DSR0310" "several-releases" Error
        "A block describes one release; further ones are sub-releases and list their resources."
        "Split the block at its source."
    /// Two contexts have the same identifier.
    pub(crate) CONTEXT_ID: "DSR0311" "context-id-reused" Error
        "The identifier of a sales context becomes its SummaryRecordId, which is unique in the message."
        "Give each context its own identifier, or none."
    /// A usage would have to be on several lines.
    pub(crate) SEVERAL_RECORDINGS: "DSR0320" "several-recordings-on-a-line" Error
        "A single record has room for one recording. A usage of a release with several of them would be counted once for each."
        "Write the profile in multi-record blocks."
    /// Lines of two kinds are in one file.
    pub(crate) MIXED_LINES: "DSR0321" "mixed-lines" Warning
        "A file of single records holds lines of one kind: downloads or streams, with advertising or without."
        "Write a message for each kind, or check with the recipient that one may hold both."
    /// The profile does not report usages.
    pub(crate) NO_USAGES: "DSR0322" "profile-without-usages" Error
        "The profile has no record of usages, and what the source reports would be left out."
        "Choose a profile that reports usages; `transpose formats` lists them."
    /// The summary records are not those that the version wants together.
    pub(crate) SUMMARY_SHAPE: "DSR0323" "summary-shape" Warning
        "The summary records do not fit the structure of this version of the profile; UGC wants SY04, SY09 and SY05 together (ARCH-52)."
        "Check with the recipient, or take a source that has the missing summary records."
}

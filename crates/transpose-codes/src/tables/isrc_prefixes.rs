//! Prefixes of ISRCs that have been allocated, sorted; those of agencies that are no more included,
//! because their codes stay valid. Source: IFPI (International ISRC Registration
//! Authority), list of allocated prefixes of 2025-11-04.

/// Every prefix.
#[rustfmt::skip]
pub(crate) static PREFIXES: [[u8; 2]; 223] = [
    *b"AD", *b"AE", *b"AF", *b"AG", *b"AI", *b"AL", *b"AM", *b"AO", *b"AR", *b"AT", *b"AU", *b"AW", *b"AZ",
    *b"BA", *b"BB", *b"BC", *b"BD", *b"BE", *b"BF", *b"BG", *b"BH", *b"BI", *b"BJ", *b"BK", *b"BM", *b"BN",
    *b"BO", *b"BP", *b"BR", *b"BS", *b"BT", *b"BW", *b"BX", *b"BY", *b"BZ", *b"CA", *b"CB", *b"CD", *b"CF",
    *b"CG", *b"CH", *b"CI", *b"CL", *b"CM", *b"CN", *b"CO", *b"CP", *b"CR", *b"CS", *b"CU", *b"CV", *b"CW",
    *b"CY", *b"CZ", *b"DE", *b"DG", *b"DK", *b"DM", *b"DO", *b"DZ", *b"EC", *b"EE", *b"EG", *b"ES", *b"ET",
    *b"FI", *b"FJ", *b"FO", *b"FR", *b"FX", *b"GA", *b"GB", *b"GD", *b"GE", *b"GG", *b"GH", *b"GI", *b"GL",
    *b"GM", *b"GN", *b"GQ", *b"GR", *b"GT", *b"GW", *b"GX", *b"GY", *b"HK", *b"HN", *b"HR", *b"HT", *b"HU",
    *b"ID", *b"IE", *b"IL", *b"IM", *b"IN", *b"IQ", *b"IR", *b"IS", *b"IT", *b"JE", *b"JM", *b"JO", *b"JP",
    *b"KE", *b"KG", *b"KH", *b"KM", *b"KN", *b"KR", *b"KS", *b"KW", *b"KY", *b"KZ", *b"LA", *b"LB", *b"LC",
    *b"LI", *b"LK", *b"LR", *b"LS", *b"LT", *b"LU", *b"LV", *b"MA", *b"MC", *b"MD", *b"ME", *b"MF", *b"MG",
    *b"MK", *b"ML", *b"MM", *b"MN", *b"MO", *b"MP", *b"MR", *b"MS", *b"MT", *b"MU", *b"MV", *b"MW", *b"MX",
    *b"MY", *b"MZ", *b"NA", *b"NE", *b"NG", *b"NI", *b"NL", *b"NO", *b"NP", *b"NZ", *b"OM", *b"PA", *b"PE",
    *b"PF", *b"PG", *b"PH", *b"PK", *b"PL", *b"PR", *b"PS", *b"PT", *b"PY", *b"QA", *b"QM", *b"QN", *b"QT",
    *b"QZ", *b"RO", *b"RS", *b"RU", *b"RW", *b"SA", *b"SB", *b"SC", *b"SD", *b"SE", *b"SG", *b"SI", *b"SK",
    *b"SL", *b"SM", *b"SN", *b"SO", *b"SR", *b"SS", *b"SV", *b"SX", *b"SY", *b"SZ", *b"TC", *b"TD", *b"TG",
    *b"TH", *b"TL", *b"TN", *b"TO", *b"TR", *b"TT", *b"TW", *b"TZ", *b"UA", *b"UG", *b"UK", *b"US", *b"UY",
    *b"UZ", *b"VC", *b"VE", *b"VG", *b"VN", *b"VU", *b"VV", *b"XK", *b"YE", *b"YU", *b"ZA", *b"ZB", *b"ZM",
    *b"ZW", *b"ZZ",
];

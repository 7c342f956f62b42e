//! Vectors with their scores, chosen to hold every value of every metric.
//!
//! Scores: base, temporal, environmental; for 4.0 the one score of the whole vector. They are facts
//! of FIRST's equations, computed by an implementation that is not this one.

/// Vector; base, temporal and environmental score.
pub(super) type Row = (&'static str, [Option<f64>; 3]);

#[rustfmt::skip]
pub(super) static V2: [Row; 14] = [
    ("AV:N/AC:L/Au:N/C:C/I:C/A:C", [Some(10.0), None, None]),
    ("AV:L/AC:H/Au:M/C:N/I:N/A:N", [Some(0.0), None, None]),
    ("AV:A/AC:M/Au:N/C:C/I:N/A:P/E:POC/RL:W/RC:UC", [Some(6.4), Some(4.9), None]),
    ("AV:L/AC:H/Au:S/C:P/I:P/A:P/E:U/RL:ND/RC:C/CDP:H/TD:N/CR:L/IR:L/AR:ND", [Some(3.5), Some(3.0), Some(0.0)]),
    ("AV:A/AC:L/Au:M/C:N/I:N/A:C/E:H/RL:U/RC:ND/CDP:N/TD:ND/CR:M/IR:H/AR:L", [Some(5.0), Some(5.0), Some(2.6)]),
    ("AV:N/AC:M/Au:S/C:N/I:C/A:C/E:F/RC:UR/CDP:LM/TD:M/CR:H/IR:M/AR:M", [Some(7.9), Some(7.1), Some(6.0)]),
    ("AV:A/AC:M/Au:S/C:P/I:C/A:P/E:ND/RL:TF/CDP:N/TD:L/CR:ND/IR:ND/AR:H", [Some(6.3), Some(5.7), Some(1.5)]),
    ("AV:N/AC:M/Au:N/C:P/I:N/A:N/E:H/RL:OF/CDP:ND/TD:H/CR:H", [Some(4.3), Some(3.7), Some(4.6)]),
    ("AV:L/AC:M/Au:M/C:C/I:C/A:N/CDP:L", [Some(5.8), None, Some(6.2)]),
    ("AV:N/AC:M/Au:S/C:N/I:P/A:C/CDP:MH", [Some(7.0), None, Some(8.2)]),
    ("AV:N/AC:L/Au:M/C:N/I:C/A:C/E:U/RL:TF/RC:UR/CDP:ND/TD:N/CR:H/AR:M", [Some(7.7), Some(5.6), Some(0.0)]),
    ("AV:L/AC:L/Au:M/C:N/I:C/A:P/AR:H", [Some(5.0), None, Some(5.3)]),
    ("AV:A/AC:H/Au:S/C:C/I:P/A:N", [Some(5.0), None, None]),
    ("AV:L/AC:M/Au:N/C:P/I:P/A:P/E:ND/RC:C/TD:H/AR:ND", [Some(4.4), Some(4.4), Some(4.4)]),
];

#[rustfmt::skip]
pub(super) static V3: [Row; 26] = [
    ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", [Some(9.8), Some(9.8), Some(9.8)]),
    ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:N/E:H/RL:O/RC:C/CR:H/IR:H/AR:H/MAV:N/MAC:L/MPR:L/MUI:N/MS:C/MC:H/MI:H/MA:H", [Some(9.3), Some(8.9), Some(9.5)]),
    ("CVSS:3.0/I:N/S:U/E:P/MAV:X/MUI:R/RL:X/MI:X/MA:X/MS:X/AR:M/CR:M/IR:X/MAC:X/UI:N/MC:X/MPR:L/PR:L/C:N/AV:L/AC:H/A:L/RC:X", [Some(2.5), Some(2.4), Some(2.1)]),
    ("CVSS:3.0/PR:H/RC:R/S:U/AC:L/MUI:X/MAC:H/C:L/UI:N/AR:H/MI:N/E:X/MPR:X/I:L/MAV:P/AV:L/CR:X/RL:W/MC:N/MA:H/A:H/MS:U", [Some(5.6), Some(5.3), Some(5.3)]),
    ("CVSS:3.0/A:H/S:U/MI:L/C:H/UI:N/CR:L/PR:N/AV:A/AR:X/I:H/MAV:L/MA:L/IR:M/RL:U/MPR:X/AC:H/MAC:H/E:F", [Some(7.5), Some(7.3), Some(5.0)]),
    ("CVSS:3.0/A:L/IR:L/AR:L/I:H/MPR:X/MAV:A/MUI:X/AV:P/MC:L/MI:X/MAC:H/PR:L/MA:N/AC:H/RC:U/C:L/UI:N/S:U", [Some(5.1), Some(4.7), Some(3.7)]),
    ("CVSS:3.0/MI:L/I:L/MUI:N/E:U/S:U/PR:H/C:H/RL:T/AV:P/MPR:N/UI:N/CR:M/A:N/AC:L", [Some(4.6), Some(4.1), Some(4.6)]),
    ("CVSS:3.0/C:L/I:N/UI:R/AV:A/S:C/AC:H/PR:H/A:N/MPR:H", [Some(2.4), Some(2.4), Some(2.4)]),
    ("CVSS:3.0/IR:M/A:L/I:N/MI:H/C:H/AV:L/PR:L/MAC:L/AC:L/S:C/UI:N", [Some(7.3), Some(7.3), Some(8.7)]),
    ("CVSS:3.0/RC:C/C:L/S:C/AC:L/MI:X/IR:L/AV:P/MAV:P/A:L/I:H/PR:N/UI:N", [Some(6.7), Some(6.7), Some(5.4)]),
    ("CVSS:3.0/PR:L/A:N/C:H/AV:N/I:L/S:U/UI:N/AC:L", [Some(7.1), Some(7.1), Some(7.1)]),
    ("CVSS:3.0/IR:L/MS:X/AC:L/I:N/RL:W/MC:N/A:H/MA:L/RC:R/AR:L/S:U/CR:X/AV:A/UI:N/C:L/PR:H", [Some(5.2), Some(4.9), Some(1.6)]),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", [Some(9.8), Some(9.8), Some(9.8)]),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", [Some(10.0), Some(10.0), Some(10.0)]),
    ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", [Some(0.0), Some(0.0), Some(0.0)]),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", [Some(9.6), Some(9.6), Some(9.7)]),
    ("CVSS:3.1/MAV:L/MPR:N/I:L/PR:L/AV:A/A:L/CR:L/MS:C/MC:N/MA:X/S:C/C:L/AC:L/MUI:N/E:X/IR:X/UI:R/MAC:H/RL:O/MI:L/RC:U/AR:X", [Some(5.9), Some(5.2), Some(4.0)]),
    ("CVSS:3.1/CR:M/AR:H/S:C/MA:L/C:L/AV:L/MAV:A/PR:H/MUI:X/MC:L/A:N/UI:N/E:H/IR:H/MS:U/MPR:L/I:L/MAC:L/RL:U/MI:X/AC:H", [Some(3.9), Some(3.9), Some(6.3)]),
    ("CVSS:3.1/AV:P/A:N/MAV:X/IR:M/AR:H/AC:L/MI:N/RL:T/MS:X/C:L/S:U/MAC:X/PR:N/UI:N/MA:N/MC:H/I:N/MUI:R/E:U/MPR:X/CR:H", [Some(2.4), Some(2.1), Some(5.4)]),
    ("CVSS:3.1/RL:X/AV:A/MC:X/IR:L/PR:L/A:N/S:U/MPR:H/C:H/MI:H/I:L/MS:U/AC:L/MAC:X/MA:H/AR:M/CR:L/MUI:N/MAV:N/UI:R/RC:R", [Some(5.8), Some(5.6), Some(6.0)]),
    ("CVSS:3.1/RC:C/IR:X/AC:L/A:L/S:U/UI:R/I:L/C:H/MPR:X/CR:M/AV:P/PR:N/RL:W/E:P/MAV:P/AR:L", [Some(5.4), Some(5.0), Some(4.8)]),
    ("CVSS:3.1/RC:X/E:F/PR:N/MI:N/MAV:N/UI:R/AV:L/RL:O/AC:L/A:H/S:U/AR:X/I:N/CR:X/C:H", [Some(7.1), Some(6.6), Some(7.5)]),
    ("CVSS:3.1/E:P/A:H/MA:X/PR:N/MI:H/AV:N/I:H/AC:H/UI:N/S:C/MS:X/C:L", [Some(8.9), Some(8.4), Some(8.4)]),
    ("CVSS:3.1/C:H/AC:L/MC:H/UI:R/A:N/MAC:L/I:N/PR:L/AV:L/S:U/MS:X", [Some(5.0), Some(5.0), Some(5.0)]),
    ("CVSS:3.1/A:N/AC:L/AV:L/I:H/IR:M/UI:R/C:L/S:U/PR:L", [Some(5.6), Some(5.6), Some(5.6)]),
    ("CVSS:3.1/MS:C/PR:L/AV:A/RL:U/C:L/E:H/MI:N/AR:H/S:U/I:N/AC:L/CR:M/UI:N/MC:X/MAV:X/A:N/MAC:H", [Some(3.5), Some(3.5), Some(3.0)]),
];

#[rustfmt::skip]
pub(super) static V4: [(&str, f64); 22] = [
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:U", 4.1),
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/CR:L/IR:L/AR:L", 5.4),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:L/SI:L/SA:N/E:A/CR:M/IR:H/MAV:N/MAC:X/MAT:P/MPR:H/MUI:N/MVC:N/MVI:H/MVA:L/MSC:H/MSI:S/MSA:X/S:N/AU:X/R:A/V:X/RE:X/U:X", 8.5),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:P/VC:L/VI:N/VA:L/SC:N/SI:H/SA:L/E:P/CR:X/IR:M/AR:H/MAV:A/MAC:L/MAT:N/MPR:N/MUI:X/MVC:H/MVI:L/MVA:N/MSC:L/MSI:L/MSA:L/S:X/AU:Y/R:I/V:X/RE:H/U:Green", 5.5),
    ("CVSS:4.0/AV:A/AC:L/AT:P/PR:L/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N/E:X/CR:X/IR:X/AR:X/MAV:P/MAC:H/MAT:X/MPR:L/MUI:X/MVC:L/MVI:H/MVA:L/MSC:X/MSI:X/S:P/AU:N/R:X/V:D/RE:H/U:Red", 4.4),
    ("CVSS:4.0/AV:A/AC:L/AT:N/PR:L/UI:A/VC:H/VI:L/VA:L/SC:H/SI:H/SA:L/E:U/CR:H/AR:M/MAV:L/MAC:X/MAT:X/MPR:X/MUI:A/MVC:X/MVI:X/MVA:H/MSC:H/MSI:X/MSA:H/S:N/AU:Y/R:U/V:C/RE:L/U:Green", 4.5),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:P/VC:N/VI:L/VA:H/SC:N/SI:L/SA:H/E:U/IR:M/AR:M/MAC:L/MAT:X/MPR:N/MUI:P/MVC:L/MVI:L/MVA:X/MSC:N/MSI:H/MSA:N/S:N/AU:Y/R:I/V:C/RE:M/U:Clear", 4.0),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:L/SI:L/SA:H/E:A/CR:L/AR:L/MAV:A/MAT:N/MUI:P/MVI:N/MVA:L/MSI:N/MSA:S/S:N/AU:X/R:A/U:Amber", 7.3),
    ("CVSS:4.0/AV:A/AC:H/AT:P/PR:L/UI:P/VC:H/VI:N/VA:N/SC:L/SI:N/SA:H/MAV:X", 5.7),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:P/VC:H/VI:L/VA:H/SC:L/SI:L/SA:H/E:A/MVC:X/AU:N/V:X/RE:M", 8.4),
    ("CVSS:4.0/AV:A/AC:H/AT:P/PR:H/UI:N/VC:L/VI:H/VA:L/SC:L/SI:H/SA:L/MAV:L/MAT:N/MPR:L/MSC:X/U:Green", 7.1),
    ("CVSS:4.0/AV:A/AC:H/AT:P/PR:N/UI:P/VC:L/VI:L/VA:H/SC:L/SI:N/SA:L/MAV:L/MAT:N/MSI:H/RE:L/U:Amber", 7.1),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:L/SC:L/SI:N/SA:N/IR:X/AR:X/MAC:X/MPR:X/MVA:N/R:X/V:C", 2.4),
    ("CVSS:4.0/AV:L/AC:H/AT:N/PR:N/UI:A/VC:N/VI:N/VA:L/SC:H/SI:H/SA:H/CR:X/IR:L/MPR:H/MSC:L/RE:L/U:Clear", 2.3),
    ("CVSS:4.0/AV:L/AC:H/AT:P/PR:N/UI:N/VC:L/VI:H/VA:N/SC:N/SI:H/SA:N/RE:X", 7.0),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:A/VC:H/VI:L/VA:L/SC:L/SI:L/SA:L/E:A/MAC:H/MAT:P/MVI:H/MSC:N/RE:H/U:Green", 5.3),
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:H/UI:N/VC:N/VI:L/VA:H/SC:H/SI:L/SA:N/IR:M/AR:L/MAC:L/MVA:N/MSI:S/S:P/AU:Y/U:Red", 6.4),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:P/VC:H/VI:N/VA:N/SC:L/SI:L/SA:N/IR:M/MAV:X/MVI:H/MSC:L/MSA:N/V:D/RE:X", 8.4),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:P/VC:N/VI:N/VA:H/SC:H/SI:H/SA:L", 5.9),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:N/SC:H/SI:L/SA:L/MSC:H", 8.5),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:H/UI:A/VC:H/VI:N/VA:N/SC:H/SI:L/SA:L/CR:X/MAT:N/MVC:X/MSI:X/S:N/R:I/V:X/U:Green", 6.9),
    ("CVSS:4.0/AV:P/AC:L/AT:P/PR:H/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N/MVC:L/MSA:H", 5.9),
];

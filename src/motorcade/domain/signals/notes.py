"""What the signal catalogue adds to its rows: COVESA VSS paths and the traps that users of a signal should know."""

_TB = "Vehicle.Powertrain.TractionBattery."
_AXLE = "Vehicle.Chassis.Axle."
_PLAYED = "Vehicle.Cabin.Infotainment.Media.Played."

VSS_PATHS: dict[int, str] = {
    4: "Vehicle.Speed",
    5: "Vehicle.TraveledDistance",
    6: f"{_TB}CurrentVoltage",
    7: f"{_TB}CurrentCurrent",
    8: f"{_TB}StateOfCharge.Displayed",
    12: "Vehicle.Chassis.Accelerator.PedalPosition",
    21: "Vehicle.CurrentLocation",
    23: "Vehicle.CurrentLocation.Heading",
    25: f"{_TB}CellVoltage.Max",
    27: f"{_TB}CellVoltage.Min",
    29: f"{_TB}Temperature.Max",
    31: f"{_TB}Temperature.Min",
    38: f"{_TB}Charging.ChargeLimit",
    40: f"{_TB}Range",
    43: f"{_TB}Charging.TimeToComplete",
    69: f"{_AXLE}Row1.Wheel.Left.Tire.Pressure",
    70: f"{_AXLE}Row1.Wheel.Right.Tire.Pressure",
    71: f"{_AXLE}Row2.Wheel.Left.Tire.Pressure",
    72: f"{_AXLE}Row2.Wheel.Right.Tire.Pressure",
    85: "Vehicle.Cabin.HVAC.AmbientAirTemperature",
    86: "Vehicle.Exterior.AirTemperature",
    96: "Vehicle.Cabin.Seat.Row1.DriverSide.IsOccupied",
    98: "Vehicle.Acceleration.Lateral",
    99: "Vehicle.Acceleration.Longitudinal",
    101: "Vehicle.ADAS.CruiseControl.SpeedSet",
    102: f"{_TB}AccumulatedConsumedEnergy",
    112: "Vehicle.Cabin.Infotainment.Navigation.DestinationSet",
    158: f"{_TB}StateOfCharge.CurrentEnergy",
    196: "Vehicle.Cabin.HVAC.IsAirConditioningActive",
    239: "Vehicle.Body.Lights.Hazard.IsSignaling",
    241: "Vehicle.Body.Lights.Beam.High.IsOn",
    247: f"{_PLAYED}Artist",
    248: f"{_PLAYED}Track",
    249: f"{_PLAYED}Album",
    256: f"{_TB}Charging.ChargeRate",
    260: "Vehicle.CurrentLocation.HorizontalAccuracy",
    261: f"{_TB}AccumulatedChargedEnergy",
    277: "Vehicle.CurrentOverallWeight",
}
"""Signal number → path in the COVESA Vehicle Signal Specification (version 4 and later), only where the meaning agrees.

The path names the quantity, not its unit (VSS counts a battery's range in metres). Pairs of coordinates map to the
branch that holds both.
"""

_ZONE = (
    "Unix seconds, but shifted by the vehicle: read the value as wall time in the US Pacific zone to get the "
    "car's local time."
)
_SEMI = "Tesla Semi only."
_SEMI_TYRE = "Tesla Semi only; L and R are the sides, 0 and 1 the two tyres of a pair as Tesla numbers them."
_WHILE = "Reported as invalid while it does not apply."
_NEVER = "Never sent."
_AS_SENT = "No documented type; kept as sent."
_TYRE_NAMES = "Names of the tyres with a warning; on a Tesla Semi the rear ones are those of the middle axle."

NOTES: dict[int, str] = {
    0: _NEVER,
    2: "Free text such as Idle or Enable; use charge_state for decisions.",
    4: "Invalid while the car is asleep or not in a gear.",
    5: "The last value of a drive may arrive hours later.",
    8: "Of the usable capacity, as on the car's display.",
    10: "P, R, N or D; SNA and Invalid mean that the car does not know. Invalid while asleep, often instead of P.",
    11: "Tesla states no unit for it; kilo-ohm is a guess.",
    21: "Latitude and longitude in degrees, WGS84.",
    23: "0 is north, 90 is east; may jitter while parked.",
    34: "Measured at the battery, for AC and DC charging alike, despite its name at Tesla.",
    36: "AC charging only.",
    42: "Of the total capacity; battery_pct is of the usable one.",
    43: "On a trip it means the time until the car is ready to go on.",
    44: _ZONE,
    46: "Not on Tesla's public field list; the car's local time.",
    58: "Names of what is open: DriverFront, DriverRear, PassengerFront, PassengerRear, TrunkFront, TrunkRear. "
    "Software before 2024.44.32 swaps DriverRear and PassengerFront.",
    68: "Before software 2024.44 it named the update on offer, not the installed version.",
    **dict.fromkeys(range(73, 81), _SEMI_TYRE),
    **dict.fromkeys(range(81, 85), _ZONE),
    **dict.fromkeys(range(87, 92), "Level 0 (off) to 3."),
    94: "Some software reports a flag here that is true while the belt is open.",
    95: "Reports the belt of the second row's centre seat.",
    97: _SEMI,
    100: _NEVER,
    103: _SEMI,
    104: _SEMI,
    105: _SEMI,
    106: "Neither unit nor scale is documented; kept as sent.",
    107: "Known to carry no data.",
    108: "A polyline of precision 6, base64; several kilobytes long.",
    109: _WHILE,
    110: _WHILE,
    112: _WHILE,
    **dict.fromkeys(range(119, 123), _AS_SENT),
    134: "Not on Tesla's public field list.",
    162: _NEVER,
    163: _WHILE,
    **dict.fromkeys(range(168, 179), _AS_SENT),
    179: "Newer software adds states to this list.",
    184: "Noisy.",
    192: _WHILE,
    216: "Runs from 0 to 100 several times for one update.",
    219: _ZONE,
    224: _TYRE_NAMES,
    225: _TYRE_NAMES,
    257: _NEVER,
    259: "Newer driving computers only.",
    269: _SEMI,
    277: _SEMI,
}
"""Signal number → a trap in its meaning."""

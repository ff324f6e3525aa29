"""The rows of the signal catalogue, one signal a line: what `signal.py` makes its `Signal`s from.

Columns: number, the maker's field name, our name, English label, group, kinds, measure, promise in seconds.
Number, field name and kinds follow the field list of tesla-protocol 4.0.1; units that Tesla does not state were taken
from the field's name or meaning, and `signal_notes.py` says where that is a guess.
"""

# ruff: noqa: E501 - one row a line keeps the table a table; folded rows can no longer be compared by eye

DRIVE = "Drive"
BATTERY = "Battery"
CHARGING = "Charging"
CLIMATE = "Climate"
TYRES = "Tyres"
BODY = "Body"
SAFETY = "Safety"
NAVIGATION = "Navigation"
MEDIA = "Media"
SOFTWARE = "Software"
OTHER = "Other"

# Kinds: the arms of the wire's value union that carry the signal, the preferred one first. A choice has one arm.
REAL = ("double", "float")
INTEGER = ("int", "long")
FLAG = ("boolean",)
TEXT = ("string",)
STAMP = ("long", "int", "string")
CLOCK = ("time", "string", "long")
PLACE = ("location",)
DOORS = ("door",)
TYRE_SET = ("tire_location",)
BELT = ("boolean", "buckle_status")
UNTYPED: tuple[str, ...] = ()

# Measures: (unit after decoding, conversion from what the maker sends). Signals of counts and levels have no unit.
PLAIN = (None, "none")
KMH = ("km/h", "mph_to_kmh")
KM = ("km", "mi_to_km")
METRE = ("m", "none")
KPA = ("kPa", "bar_to_kpa")
CELSIUS = ("degC", "none")
DEGREES = ("deg", "none")
SECONDS = ("s", "none")
HOURS = ("s", "h_to_s")
MINUTES = ("s", "min_to_s")
MILLIS = ("s", "ms_to_s")
VOLT = ("V", "none")
AMPERE = ("A", "none")
KW = ("kW", "none")
KWH = ("kWh", "none")
PERCENT = ("%", "none")
KOHM = ("kOhm", "none")
RPM = ("rpm", "none")
NM = ("Nm", "none")
MS2 = ("m/s^2", "none")
KG = ("kg", "none")

# Promises, in seconds: how often a signal is expected from an awake car. Signals that change by somebody's hand are
# only sent when they change, so theirs are long.
FAST = 15
MINUTE = 60
MINUTES_5 = 300
HOUR = 3600
HOURS_6 = 6 * 3600
DAY = 24 * 3600

Row = tuple[int, str, str, str, str, tuple[str, ...], tuple[str | None, str], int]

# fmt: off
ROWS: tuple[Row, ...] = (
    (0, "Unknown", "unknown", "Unknown", OTHER, UNTYPED, PLAIN, DAY),
    (1, "DriveRail", "drive_rail_on", "Drive power rail", DRIVE, FLAG, PLAIN, HOURS_6),
    (2, "ChargeState", "charge_state_text", "Charging system state", CHARGING, TEXT, PLAIN, MINUTE),
    (3, "BmsFullchargecomplete", "full_charge_complete", "Full charge complete", CHARGING, FLAG, PLAIN, HOURS_6),
    (4, "VehicleSpeed", "speed_kmh", "Speed", DRIVE, REAL, KMH, FAST),
    (5, "Odometer", "odometer_km", "Odometer", DRIVE, REAL, KM, MINUTE),
    (6, "PackVoltage", "pack_voltage_v", "Pack voltage", BATTERY, REAL, VOLT, MINUTE),
    (7, "PackCurrent", "pack_current_a", "Pack current", BATTERY, REAL, AMPERE, MINUTE),
    (8, "Soc", "battery_pct", "Battery", BATTERY, REAL, PERCENT, MINUTE),
    (9, "DCDCEnable", "dcdc_enabled", "DC-DC converter enabled", BATTERY, FLAG, PLAIN, HOURS_6),
    (10, "Gear", "gear", "Gear", DRIVE, ("shift_state",), PLAIN, HOURS_6),
    (11, "IsolationResistance", "isolation_resistance_kohm", "Isolation resistance", BATTERY, REAL, KOHM, MINUTE),
    (12, "PedalPosition", "accelerator_pedal_pct", "Accelerator pedal", DRIVE, REAL, PERCENT, FAST),
    (13, "BrakePedal", "brake_pedal_pressed", "Brake pedal pressed", DRIVE, FLAG, PLAIN, FAST),
    (14, "DiStateR", "inverter_state_rear", "Rear inverter state", DRIVE, ("drive_inverter_state",), PLAIN, HOURS_6),
    (15, "DiHeatsinkTR", "inverter_heatsink_rear_c", "Rear inverter heat sink", DRIVE, REAL, CELSIUS, MINUTES_5),
    (16, "DiAxleSpeedR", "axle_speed_rear_rpm", "Rear axle speed", DRIVE, REAL, RPM, FAST),
    (17, "DiTorquemotor", "motor_torque_nm", "Motor torque", DRIVE, REAL, NM, FAST),
    (18, "DiStatorTempR", "stator_temperature_rear_c", "Rear stator temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (19, "DiVBatR", "inverter_voltage_rear_v", "Rear inverter voltage", DRIVE, REAL, VOLT, MINUTE),
    (20, "DiMotorCurrentR", "motor_current_rear_a", "Rear motor current", DRIVE, REAL, AMPERE, FAST),
    (21, "Location", "location", "Location", DRIVE, PLACE, DEGREES, FAST),
    (22, "GpsState", "gps_fix", "GPS fix", DRIVE, FLAG, PLAIN, HOURS_6),
    (23, "GpsHeading", "heading_deg", "Heading", DRIVE, REAL, DEGREES, FAST),
    (24, "NumBrickVoltageMax", "brick_highest_voltage_number", "Brick with the highest voltage", BATTERY, INTEGER, PLAIN, MINUTES_5),
    (25, "BrickVoltageMax", "brick_highest_voltage_v", "Highest brick voltage", BATTERY, REAL, VOLT, MINUTES_5),
    (26, "NumBrickVoltageMin", "brick_lowest_voltage_number", "Brick with the lowest voltage", BATTERY, INTEGER, PLAIN, MINUTES_5),
    (27, "BrickVoltageMin", "brick_lowest_voltage_v", "Lowest brick voltage", BATTERY, REAL, VOLT, MINUTES_5),
    (28, "NumModuleTempMax", "module_warmest_number", "Warmest battery module", BATTERY, INTEGER, PLAIN, MINUTES_5),
    (29, "ModuleTempMax", "module_highest_temperature_c", "Highest module temperature", BATTERY, REAL, CELSIUS, MINUTES_5),
    (30, "NumModuleTempMin", "module_coldest_number", "Coldest battery module", BATTERY, INTEGER, PLAIN, MINUTES_5),
    (31, "ModuleTempMin", "module_lowest_temperature_c", "Lowest module temperature", BATTERY, REAL, CELSIUS, MINUTES_5),
    (32, "RatedRange", "rated_range_km", "Rated range", BATTERY, REAL, KM, MINUTE),
    (33, "Hvil", "high_voltage_interlock", "High-voltage interlock", BATTERY, ("hvil_status",), PLAIN, HOURS_6),
    (34, "DCChargingEnergyIn", "battery_energy_added_kwh", "Energy added to the battery", CHARGING, REAL, KWH, MINUTE),
    (35, "DCChargingPower", "dc_charging_power_kw", "DC charging power", CHARGING, REAL, KW, MINUTE),
    (36, "ACChargingEnergyIn", "ac_charging_energy_kwh", "AC energy drawn", CHARGING, REAL, KWH, MINUTE),
    (37, "ACChargingPower", "ac_charging_power_kw", "AC charging power", CHARGING, REAL, KW, MINUTE),
    (38, "ChargeLimitSoc", "charge_limit_pct", "Charge limit", CHARGING, INTEGER, PERCENT, HOURS_6),
    (39, "FastChargerPresent", "fast_charger_present", "Fast charger present", CHARGING, FLAG, PLAIN, HOURS_6),
    (40, "EstBatteryRange", "estimated_range_km", "Estimated range", BATTERY, REAL, KM, MINUTE),
    (41, "IdealBatteryRange", "ideal_range_km", "Ideal range", BATTERY, REAL, KM, MINUTE),
    (42, "BatteryLevel", "battery_gross_pct", "Battery, of total capacity", BATTERY, REAL, PERCENT, MINUTE),
    (43, "TimeToFullCharge", "time_to_full_charge_s", "Time to full charge", CHARGING, REAL, HOURS, MINUTE),
    (44, "ScheduledChargingStartTime", "scheduled_charging_start_s", "Scheduled charging start", CHARGING, STAMP, SECONDS, DAY),
    (45, "ScheduledChargingPending", "scheduled_charging_pending", "Scheduled charging pending", CHARGING, FLAG, PLAIN, HOURS_6),
    (46, "ScheduledDepartureTime", "scheduled_departure_time", "Scheduled departure", CHARGING, CLOCK, PLAIN, DAY),
    (47, "PreconditioningEnabled", "preconditioning_enabled", "Preconditioning", CHARGING, FLAG, PLAIN, HOURS_6),
    (48, "ScheduledChargingMode", "scheduled_charging_mode", "Scheduled charging mode", CHARGING, ("scheduled_charging_mode",), PLAIN, DAY),
    (49, "ChargeAmps", "charge_current_a", "Charging current", CHARGING, REAL, AMPERE, MINUTE),
    (50, "ChargeEnableRequest", "charge_enable_requested", "Charging requested", CHARGING, FLAG, PLAIN, HOURS_6),
    (51, "ChargerPhases", "charger_phases", "Charger phases", CHARGING, INTEGER, PLAIN, HOURS_6),
    (52, "ChargePortColdWeatherMode", "charge_port_cold_weather_mode", "Charge port cold-weather mode", CHARGING, FLAG, PLAIN, HOURS_6),
    (53, "ChargeCurrentRequest", "charge_current_request_a", "Requested charging current", CHARGING, INTEGER, AMPERE, HOURS_6),
    (54, "ChargeCurrentRequestMax", "charge_current_request_max_a", "Highest requestable charging current", CHARGING, INTEGER, AMPERE, HOURS_6),
    (55, "BatteryHeaterOn", "battery_heater_on", "Battery heater", BATTERY, FLAG, PLAIN, HOURS_6),
    (56, "NotEnoughPowerToHeat", "not_enough_power_to_heat", "Not enough power to heat", BATTERY, FLAG, PLAIN, HOURS_6),
    (57, "SuperchargerSessionTripPlanner", "supercharger_trip_planner_session", "Trip-planned Supercharger session", CHARGING, FLAG, PLAIN, HOURS_6),
    (58, "DoorState", "doors_open", "Open doors", BODY, DOORS, PLAIN, HOURS_6),
    (59, "Locked", "locked", "Locked", BODY, FLAG, PLAIN, HOURS_6),
    (60, "FdWindow", "window_driver_front", "Window, driver front", BODY, ("window_state",), PLAIN, HOURS_6),
    (61, "FpWindow", "window_passenger_front", "Window, passenger front", BODY, ("window_state",), PLAIN, HOURS_6),
    (62, "RdWindow", "window_driver_rear", "Window, driver rear", BODY, ("window_state",), PLAIN, HOURS_6),
    (63, "RpWindow", "window_passenger_rear", "Window, passenger rear", BODY, ("window_state",), PLAIN, HOURS_6),
    (64, "VehicleName", "vehicle_name", "Vehicle name", OTHER, TEXT, PLAIN, DAY),
    (65, "SentryMode", "sentry_mode", "Sentry mode", SAFETY, ("sentry_mode_state",), PLAIN, HOURS_6),
    (66, "SpeedLimitMode", "speed_limit_mode", "Speed limit mode", SAFETY, FLAG, PLAIN, HOURS_6),
    (67, "CurrentLimitMph", "speed_limit_kmh", "Speed limit set by the owner", SAFETY, REAL, KMH, HOURS_6),
    (68, "Version", "software_version", "Software version", SOFTWARE, TEXT, PLAIN, DAY),
    (69, "TpmsPressureFl", "tyre_pressure_front_left_kpa", "Tyre pressure, front left", TYRES, REAL, KPA, HOURS_6),
    (70, "TpmsPressureFr", "tyre_pressure_front_right_kpa", "Tyre pressure, front right", TYRES, REAL, KPA, HOURS_6),
    (71, "TpmsPressureRl", "tyre_pressure_rear_left_kpa", "Tyre pressure, rear left", TYRES, REAL, KPA, HOURS_6),
    (72, "TpmsPressureRr", "tyre_pressure_rear_right_kpa", "Tyre pressure, rear right", TYRES, REAL, KPA, HOURS_6),
    (73, "SemitruckTpmsPressureRe1L0", "tyre_pressure_semi_axle1_left_outer_kpa", "Semi tyre pressure, rear axle 1, L0", TYRES, REAL, KPA, HOURS_6),
    (74, "SemitruckTpmsPressureRe1L1", "tyre_pressure_semi_axle1_left_inner_kpa", "Semi tyre pressure, rear axle 1, L1", TYRES, REAL, KPA, HOURS_6),
    (75, "SemitruckTpmsPressureRe1R0", "tyre_pressure_semi_axle1_right_outer_kpa", "Semi tyre pressure, rear axle 1, R0", TYRES, REAL, KPA, HOURS_6),
    (76, "SemitruckTpmsPressureRe1R1", "tyre_pressure_semi_axle1_right_inner_kpa", "Semi tyre pressure, rear axle 1, R1", TYRES, REAL, KPA, HOURS_6),
    (77, "SemitruckTpmsPressureRe2L0", "tyre_pressure_semi_axle2_left_outer_kpa", "Semi tyre pressure, rear axle 2, L0", TYRES, REAL, KPA, HOURS_6),
    (78, "SemitruckTpmsPressureRe2L1", "tyre_pressure_semi_axle2_left_inner_kpa", "Semi tyre pressure, rear axle 2, L1", TYRES, REAL, KPA, HOURS_6),
    (79, "SemitruckTpmsPressureRe2R0", "tyre_pressure_semi_axle2_right_outer_kpa", "Semi tyre pressure, rear axle 2, R0", TYRES, REAL, KPA, HOURS_6),
    (80, "SemitruckTpmsPressureRe2R1", "tyre_pressure_semi_axle2_right_inner_kpa", "Semi tyre pressure, rear axle 2, R1", TYRES, REAL, KPA, HOURS_6),
    (81, "TpmsLastSeenPressureTimeFl", "tyre_pressure_seen_front_left_s", "Tyre pressure last seen, front left", TYRES, STAMP, SECONDS, HOURS_6),
    (82, "TpmsLastSeenPressureTimeFr", "tyre_pressure_seen_front_right_s", "Tyre pressure last seen, front right", TYRES, STAMP, SECONDS, HOURS_6),
    (83, "TpmsLastSeenPressureTimeRl", "tyre_pressure_seen_rear_left_s", "Tyre pressure last seen, rear left", TYRES, STAMP, SECONDS, HOURS_6),
    (84, "TpmsLastSeenPressureTimeRr", "tyre_pressure_seen_rear_right_s", "Tyre pressure last seen, rear right", TYRES, STAMP, SECONDS, HOURS_6),
    (85, "InsideTemp", "inside_temperature_c", "Inside temperature", CLIMATE, REAL, CELSIUS, MINUTES_5),
    (86, "OutsideTemp", "outside_temperature_c", "Outside temperature", CLIMATE, REAL, CELSIUS, MINUTES_5),
    (87, "SeatHeaterLeft", "seat_heater_front_left", "Seat heater, front left", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (88, "SeatHeaterRight", "seat_heater_front_right", "Seat heater, front right", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (89, "SeatHeaterRearLeft", "seat_heater_rear_left", "Seat heater, rear left", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (90, "SeatHeaterRearRight", "seat_heater_rear_right", "Seat heater, rear right", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (91, "SeatHeaterRearCenter", "seat_heater_rear_centre", "Seat heater, rear centre", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (92, "AutoSeatClimateLeft", "auto_seat_climate_left", "Automatic seat climate, left", CLIMATE, FLAG, PLAIN, HOURS_6),
    (93, "AutoSeatClimateRight", "auto_seat_climate_right", "Automatic seat climate, right", CLIMATE, FLAG, PLAIN, HOURS_6),
    (94, "DriverSeatBelt", "driver_seat_belt", "Seat belt, driver", SAFETY, BELT, PLAIN, HOURS_6),
    (95, "PassengerSeatBelt", "passenger_seat_belt", "Seat belt, passenger", SAFETY, ("buckle_status",), PLAIN, HOURS_6),
    (96, "DriverSeatOccupied", "driver_seat_occupied", "Driver seat occupied", SAFETY, FLAG, PLAIN, HOURS_6),
    (97, "SemitruckPassengerSeatFoldPosition", "semi_passenger_seat_fold", "Semi passenger seat position", BODY, ("seat_fold_position",), PLAIN, HOURS_6),
    (98, "LateralAcceleration", "lateral_acceleration_ms2", "Lateral acceleration", DRIVE, REAL, MS2, FAST),
    (99, "LongitudinalAcceleration", "longitudinal_acceleration_ms2", "Longitudinal acceleration", DRIVE, REAL, MS2, FAST),
    (100, "Deprecated_2", "deprecated_2", "Deprecated 2", OTHER, UNTYPED, PLAIN, DAY),
    (101, "CruiseSetSpeed", "cruise_set_speed_kmh", "Cruise control speed", DRIVE, REAL, KMH, MINUTE),
    (102, "LifetimeEnergyUsed", "lifetime_energy_used_kwh", "Lifetime energy used", BATTERY, REAL, KWH, MINUTES_5),
    (103, "LifetimeEnergyUsedDrive", "lifetime_energy_used_driving_kwh", "Lifetime energy used for driving", BATTERY, REAL, KWH, MINUTES_5),
    (104, "SemitruckTractorParkBrakeStatus", "semi_tractor_park_brake", "Semi tractor park brake", DRIVE, ("tractor_air_status",), PLAIN, HOURS_6),
    (105, "SemitruckTrailerParkBrakeStatus", "semi_trailer_park_brake", "Semi trailer park brake", DRIVE, ("trailer_air_status",), PLAIN, HOURS_6),
    (106, "BrakePedalPos", "brake_pedal_position", "Brake pedal position", DRIVE, REAL, PLAIN, FAST),
    (107, "RouteLastUpdated", "route_updated", "Route last updated", NAVIGATION, CLOCK, PLAIN, MINUTES_5),
    (108, "RouteLine", "route_line", "Route line", NAVIGATION, TEXT, PLAIN, MINUTES_5),
    (109, "MilesToArrival", "distance_to_arrival_km", "Distance to arrival", NAVIGATION, REAL, KM, MINUTE),
    (110, "MinutesToArrival", "time_to_arrival_s", "Time to arrival", NAVIGATION, REAL, MINUTES, MINUTE),
    (111, "OriginLocation", "origin_location", "Route origin", NAVIGATION, PLACE, DEGREES, MINUTES_5),
    (112, "DestinationLocation", "destination_location", "Destination location", NAVIGATION, PLACE, DEGREES, MINUTES_5),
    (113, "CarType", "car_type", "Model", OTHER, ("car_type",), PLAIN, DAY),
    (114, "Trim", "trim", "Trim", OTHER, TEXT, PLAIN, DAY),
    (115, "ExteriorColor", "exterior_colour", "Exterior colour", OTHER, TEXT, PLAIN, DAY),
    (116, "RoofColor", "roof_colour", "Roof colour", OTHER, TEXT, PLAIN, DAY),
    (117, "ChargePort", "charge_port_type", "Charge port type", CHARGING, ("charge_port",), PLAIN, DAY),
    (118, "ChargePortLatch", "charge_port_latch", "Charge port latch", CHARGING, ("charge_port_latch",), PLAIN, HOURS_6),
    (119, "Experimental_1", "experimental_1", "Experimental 1", OTHER, UNTYPED, PLAIN, DAY),
    (120, "Experimental_2", "experimental_2", "Experimental 2", OTHER, UNTYPED, PLAIN, DAY),
    (121, "Experimental_3", "experimental_3", "Experimental 3", OTHER, UNTYPED, PLAIN, DAY),
    (122, "Experimental_4", "experimental_4", "Experimental 4", OTHER, UNTYPED, PLAIN, DAY),
    (123, "GuestModeEnabled", "guest_mode_enabled", "Guest mode", SAFETY, FLAG, PLAIN, HOURS_6),
    (124, "PinToDriveEnabled", "pin_to_drive_enabled", "PIN to drive", SAFETY, FLAG, PLAIN, DAY),
    (125, "PairedPhoneKeyAndKeyFobQty", "paired_keys", "Paired phone keys and key fobs", SAFETY, INTEGER, PLAIN, DAY),
    (126, "CruiseFollowDistance", "cruise_follow_distance", "Cruise follow distance", DRIVE, ("follow_distance",), PLAIN, HOURS_6),
    (127, "AutomaticBlindSpotCamera", "automatic_blind_spot_camera", "Automatic blind spot camera", SAFETY, FLAG, PLAIN, DAY),
    (128, "BlindSpotCollisionWarningChime", "blind_spot_warning_chime", "Blind spot warning chime", SAFETY, FLAG, PLAIN, DAY),
    (129, "SpeedLimitWarning", "speed_limit_warning", "Speed limit warning", SAFETY, ("speed_assist_level",), PLAIN, DAY),
    (130, "ForwardCollisionWarning", "forward_collision_warning", "Forward collision warning", SAFETY, ("forward_collision_sensitivity",), PLAIN, DAY),
    (131, "LaneDepartureAvoidance", "lane_departure_avoidance", "Lane departure avoidance", SAFETY, ("lane_assist_level",), PLAIN, DAY),
    (132, "EmergencyLaneDepartureAvoidance", "emergency_lane_departure_avoidance", "Emergency lane departure avoidance", SAFETY, FLAG, PLAIN, DAY),
    (133, "AutomaticEmergencyBrakingOff", "automatic_emergency_braking_off", "Automatic emergency braking off", SAFETY, FLAG, PLAIN, DAY),
    (134, "LifetimeEnergyGainedRegen", "lifetime_energy_regenerated_kwh", "Lifetime energy regenerated", BATTERY, REAL, KWH, MINUTES_5),
    (135, "DiStateF", "inverter_state_front", "Front inverter state", DRIVE, ("drive_inverter_state",), PLAIN, HOURS_6),
    (136, "DiStateREL", "inverter_state_rear_left", "Rear left inverter state", DRIVE, ("drive_inverter_state",), PLAIN, HOURS_6),
    (137, "DiStateRER", "inverter_state_rear_right", "Rear right inverter state", DRIVE, ("drive_inverter_state",), PLAIN, HOURS_6),
    (138, "DiHeatsinkTF", "inverter_heatsink_front_c", "Front inverter heat sink", DRIVE, REAL, CELSIUS, MINUTES_5),
    (139, "DiHeatsinkTREL", "inverter_heatsink_rear_left_c", "Rear left inverter heat sink", DRIVE, REAL, CELSIUS, MINUTES_5),
    (140, "DiHeatsinkTRER", "inverter_heatsink_rear_right_c", "Rear right inverter heat sink", DRIVE, REAL, CELSIUS, MINUTES_5),
    (141, "DiAxleSpeedF", "axle_speed_front_rpm", "Front axle speed", DRIVE, REAL, RPM, FAST),
    (142, "DiAxleSpeedREL", "axle_speed_rear_left_rpm", "Rear left axle speed", DRIVE, REAL, RPM, FAST),
    (143, "DiAxleSpeedRER", "axle_speed_rear_right_rpm", "Rear right axle speed", DRIVE, REAL, RPM, FAST),
    (144, "DiSlaveTorqueCmd", "secondary_torque_command_nm", "Secondary motor torque command", DRIVE, REAL, NM, FAST),
    (145, "DiTorqueActualR", "torque_rear_nm", "Rear torque", DRIVE, REAL, NM, FAST),
    (146, "DiTorqueActualF", "torque_front_nm", "Front torque", DRIVE, REAL, NM, FAST),
    (147, "DiTorqueActualREL", "torque_rear_left_nm", "Rear left torque", DRIVE, REAL, NM, FAST),
    (148, "DiTorqueActualRER", "torque_rear_right_nm", "Rear right torque", DRIVE, REAL, NM, FAST),
    (149, "DiStatorTempF", "stator_temperature_front_c", "Front stator temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (150, "DiStatorTempREL", "stator_temperature_rear_left_c", "Rear left stator temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (151, "DiStatorTempRER", "stator_temperature_rear_right_c", "Rear right stator temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (152, "DiVBatF", "inverter_voltage_front_v", "Front inverter voltage", DRIVE, REAL, VOLT, MINUTE),
    (153, "DiVBatREL", "inverter_voltage_rear_left_v", "Rear left inverter voltage", DRIVE, REAL, VOLT, MINUTE),
    (154, "DiVBatRER", "inverter_voltage_rear_right_v", "Rear right inverter voltage", DRIVE, REAL, VOLT, MINUTE),
    (155, "DiMotorCurrentF", "motor_current_front_a", "Front motor current", DRIVE, REAL, AMPERE, FAST),
    (156, "DiMotorCurrentREL", "motor_current_rear_left_a", "Rear left motor current", DRIVE, REAL, AMPERE, FAST),
    (157, "DiMotorCurrentRER", "motor_current_rear_right_a", "Rear right motor current", DRIVE, REAL, AMPERE, FAST),
    (158, "EnergyRemaining", "energy_remaining_kwh", "Energy remaining", BATTERY, REAL, KWH, MINUTE),
    (159, "ServiceMode", "service_mode", "Service mode", SOFTWARE, FLAG, PLAIN, DAY),
    (160, "BMSState", "battery_system_state", "Battery system state", BATTERY, ("bms_state",), PLAIN, HOURS_6),
    (161, "GuestModeMobileAccessState", "guest_mode_mobile_access", "Guest mode mobile access", SAFETY, ("guest_mode_mobile_access",), PLAIN, HOURS_6),
    (162, "Deprecated_1", "deprecated_1", "Deprecated 1", OTHER, UNTYPED, PLAIN, DAY),
    (163, "DestinationName", "destination_name", "Destination", NAVIGATION, TEXT, PLAIN, MINUTES_5),
    (164, "DiInverterTR", "inverter_temperature_rear_c", "Rear inverter temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (165, "DiInverterTF", "inverter_temperature_front_c", "Front inverter temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (166, "DiInverterTREL", "inverter_temperature_rear_left_c", "Rear left inverter temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (167, "DiInverterTRER", "inverter_temperature_rear_right_c", "Rear right inverter temperature", DRIVE, REAL, CELSIUS, MINUTES_5),
    (168, "Experimental_5", "experimental_5", "Experimental 5", OTHER, UNTYPED, PLAIN, DAY),
    (169, "Experimental_6", "experimental_6", "Experimental 6", OTHER, UNTYPED, PLAIN, DAY),
    (170, "Experimental_7", "experimental_7", "Experimental 7", OTHER, UNTYPED, PLAIN, DAY),
    (171, "Experimental_8", "experimental_8", "Experimental 8", OTHER, UNTYPED, PLAIN, DAY),
    (172, "Experimental_9", "experimental_9", "Experimental 9", OTHER, UNTYPED, PLAIN, DAY),
    (173, "Experimental_10", "experimental_10", "Experimental 10", OTHER, UNTYPED, PLAIN, DAY),
    (174, "Experimental_11", "experimental_11", "Experimental 11", OTHER, UNTYPED, PLAIN, DAY),
    (175, "Experimental_12", "experimental_12", "Experimental 12", OTHER, UNTYPED, PLAIN, DAY),
    (176, "Experimental_13", "experimental_13", "Experimental 13", OTHER, UNTYPED, PLAIN, DAY),
    (177, "Experimental_14", "experimental_14", "Experimental 14", OTHER, UNTYPED, PLAIN, DAY),
    (178, "Experimental_15", "experimental_15", "Experimental 15", OTHER, UNTYPED, PLAIN, DAY),
    (179, "DetailedChargeState", "charge_state", "Charging state", CHARGING, ("detailed_charge_state",), PLAIN, HOURS_6),
    (180, "CabinOverheatProtectionMode", "cabin_overheat_protection", "Cabin overheat protection", CLIMATE, ("cabin_overheat_protection_mode",), PLAIN, HOURS_6),
    (181, "CabinOverheatProtectionTemperatureLimit", "cabin_overheat_limit", "Cabin overheat limit", CLIMATE, ("cabin_overheat_protection_temperature_limit",), PLAIN, HOURS_6),
    (182, "CenterDisplay", "centre_display", "Centre display", BODY, ("display_state",), PLAIN, HOURS_6),
    (183, "ChargePortDoorOpen", "charge_port_open", "Charge port open", CHARGING, FLAG, PLAIN, HOURS_6),
    (184, "ChargerVoltage", "charger_voltage_v", "Charger voltage", CHARGING, REAL, VOLT, MINUTE),
    (185, "ChargingCableType", "charging_cable_type", "Charging cable type", CHARGING, ("cable_type",), PLAIN, HOURS_6),
    (186, "ClimateKeeperMode", "climate_keeper_mode", "Climate keeper mode", CLIMATE, ("climate_keeper_mode",), PLAIN, HOURS_6),
    (187, "DefrostForPreconditioning", "defrost_for_preconditioning", "Defrost for preconditioning", CLIMATE, FLAG, PLAIN, HOURS_6),
    (188, "DefrostMode", "defrost_mode", "Defrost mode", CLIMATE, ("defrost_mode",), PLAIN, HOURS_6),
    (189, "EfficiencyPackage", "efficiency_package", "Efficiency package", OTHER, TEXT, PLAIN, DAY),
    (190, "EstimatedHoursToChargeTermination", "time_to_charge_end_s", "Time to the end of charging", CHARGING, REAL, HOURS, MINUTE),
    (191, "EuropeVehicle", "europe_vehicle", "European vehicle", OTHER, FLAG, PLAIN, DAY),
    (192, "ExpectedEnergyPercentAtTripArrival", "battery_at_arrival_pct", "Battery at arrival", NAVIGATION, INTEGER, PERCENT, MINUTE),
    (193, "FastChargerType", "fast_charger_type", "Fast charger type", CHARGING, ("fast_charger",), PLAIN, HOURS_6),
    (194, "HomelinkDeviceCount", "homelink_devices", "HomeLink devices", BODY, INTEGER, PLAIN, DAY),
    (195, "HomelinkNearby", "homelink_nearby", "HomeLink nearby", BODY, FLAG, PLAIN, HOURS_6),
    (196, "HvacACEnabled", "air_conditioning_enabled", "Air conditioning", CLIMATE, FLAG, PLAIN, MINUTES_5),
    (197, "HvacAutoMode", "climate_auto_mode", "Climate automatic mode", CLIMATE, ("hvac_auto_mode",), PLAIN, MINUTES_5),
    (198, "HvacFanSpeed", "fan_speed", "Fan speed", CLIMATE, INTEGER, PLAIN, MINUTES_5),
    (199, "HvacFanStatus", "fan_status", "Fan status", CLIMATE, INTEGER, PLAIN, MINUTES_5),
    (200, "HvacLeftTemperatureRequest", "temperature_request_left_c", "Temperature request, left", CLIMATE, REAL, CELSIUS, MINUTES_5),
    (201, "HvacPower", "climate_power", "Climate power", CLIMATE, ("hvac_power",), PLAIN, MINUTES_5),
    (202, "HvacRightTemperatureRequest", "temperature_request_right_c", "Temperature request, right", CLIMATE, REAL, CELSIUS, MINUTES_5),
    (203, "HvacSteeringWheelHeatAuto", "steering_wheel_heat_auto", "Automatic steering wheel heat", CLIMATE, FLAG, PLAIN, HOURS_6),
    (204, "HvacSteeringWheelHeatLevel", "steering_wheel_heat", "Steering wheel heat", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (205, "OffroadLightbarPresent", "offroad_lightbar_present", "Off-road light bar fitted", OTHER, FLAG, PLAIN, DAY),
    (206, "PowershareHoursLeft", "powershare_time_left_s", "Powershare time left", CHARGING, INTEGER, HOURS, MINUTES_5),
    (207, "PowershareInstantaneousPowerKW", "powershare_power_kw", "Powershare power", CHARGING, REAL, KW, MINUTE),
    (208, "PowershareStatus", "powershare_status", "Powershare status", CHARGING, ("powershare_state",), PLAIN, HOURS_6),
    (209, "PowershareStopReason", "powershare_stop_reason", "Powershare stop reason", CHARGING, ("powershare_stop_reason",), PLAIN, HOURS_6),
    (210, "PowershareType", "powershare_type", "Powershare type", CHARGING, ("powershare_type",), PLAIN, HOURS_6),
    (211, "RearDisplayHvacEnabled", "rear_display_climate_enabled", "Climate control on the rear display", CLIMATE, FLAG, PLAIN, HOURS_6),
    (212, "RearSeatHeaters", "rear_seat_heaters", "Rear seat heaters fitted", OTHER, TEXT, PLAIN, DAY),
    (213, "RemoteStartEnabled", "remote_start_enabled", "Remote start enabled", SAFETY, FLAG, PLAIN, HOURS_6),
    (214, "RightHandDrive", "right_hand_drive", "Right-hand drive", OTHER, FLAG, PLAIN, DAY),
    (215, "RouteTrafficMinutesDelay", "traffic_delay_s", "Traffic delay on the route", NAVIGATION, REAL, MINUTES, MINUTE),
    (216, "SoftwareUpdateDownloadPercentComplete", "software_update_download_pct", "Software download", SOFTWARE, INTEGER, PERCENT, MINUTES_5),
    (217, "SoftwareUpdateExpectedDurationMinutes", "software_update_duration_s", "Expected software installation time", SOFTWARE, INTEGER, MINUTES, DAY),
    (218, "SoftwareUpdateInstallationPercentComplete", "software_update_installation_pct", "Software installation", SOFTWARE, INTEGER, PERCENT, MINUTES_5),
    (219, "SoftwareUpdateScheduledStartTime", "software_update_start_s", "Scheduled software installation", SOFTWARE, STAMP, SECONDS, DAY),
    (220, "SoftwareUpdateVersion", "software_update_version", "Software update version", SOFTWARE, TEXT, PLAIN, DAY),
    (221, "TonneauOpenPercent", "tonneau_open_pct", "Tonneau open", BODY, REAL, PERCENT, HOURS_6),
    (222, "TonneauPosition", "tonneau_position", "Tonneau position", BODY, ("tonneau_position",), PLAIN, HOURS_6),
    (223, "TonneauTentMode", "tonneau_tent_mode", "Tonneau tent mode", BODY, ("tonneau_tent_mode",), PLAIN, HOURS_6),
    (224, "TpmsHardWarnings", "tyre_warnings_hard", "Tyre warnings, urgent", TYRES, TYRE_SET, PLAIN, HOURS_6),
    (225, "TpmsSoftWarnings", "tyre_warnings_soft", "Tyre warnings, soft", TYRES, TYRE_SET, PLAIN, HOURS_6),
    (226, "ValetModeEnabled", "valet_mode_enabled", "Valet mode", SAFETY, FLAG, PLAIN, HOURS_6),
    (227, "WheelType", "wheel_type", "Wheel type", OTHER, TEXT, PLAIN, DAY),
    (228, "WiperHeatEnabled", "wiper_heat_enabled", "Wiper heat", CLIMATE, FLAG, PLAIN, HOURS_6),
    (229, "LocatedAtHome", "located_at_home", "At home", NAVIGATION, FLAG, PLAIN, HOURS_6),
    (230, "LocatedAtWork", "located_at_work", "At work", NAVIGATION, FLAG, PLAIN, HOURS_6),
    (231, "LocatedAtFavorite", "located_at_favourite", "At a favourite place", NAVIGATION, FLAG, PLAIN, HOURS_6),
    (232, "SettingDistanceUnit", "display_distance_unit", "Distance unit on the car's display", OTHER, ("distance_unit",), PLAIN, DAY),
    (233, "SettingTemperatureUnit", "display_temperature_unit", "Temperature unit on the car's display", OTHER, ("temperature_unit",), PLAIN, DAY),
    (234, "Setting24HourTime", "display_24_hour_time", "24-hour time on the car's display", OTHER, FLAG, PLAIN, DAY),
    (235, "SettingTirePressureUnit", "display_pressure_unit", "Pressure unit on the car's display", OTHER, ("pressure_unit",), PLAIN, DAY),
    (236, "SettingChargeUnit", "display_charge_unit", "Charge unit on the car's display", OTHER, ("charge_unit_preference",), PLAIN, DAY),
    (237, "ClimateSeatCoolingFrontLeft", "seat_cooling_front_left", "Seat cooling, front left", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (238, "ClimateSeatCoolingFrontRight", "seat_cooling_front_right", "Seat cooling, front right", CLIMATE, INTEGER, PLAIN, HOURS_6),
    (239, "LightsHazardsActive", "hazard_lights_on", "Hazard lights", BODY, FLAG, PLAIN, HOURS_6),
    (240, "LightsTurnSignal", "turn_signal", "Turn signal", BODY, ("turn_signal_state",), PLAIN, HOURS_6),
    (241, "LightsHighBeams", "high_beams_on", "High beams", BODY, FLAG, PLAIN, HOURS_6),
    (242, "MediaPlaybackStatus", "media_status", "Media status", MEDIA, ("media_status",), PLAIN, HOUR),
    (243, "MediaPlaybackSource", "media_source", "Media source", MEDIA, TEXT, PLAIN, HOUR),
    (244, "MediaAudioVolume", "media_volume", "Media volume", MEDIA, REAL, PLAIN, HOUR),
    (245, "MediaNowPlayingDuration", "media_duration_s", "Title duration", MEDIA, INTEGER, MILLIS, HOUR),
    (246, "MediaNowPlayingElapsed", "media_elapsed_s", "Title elapsed", MEDIA, INTEGER, MILLIS, HOUR),
    (247, "MediaNowPlayingArtist", "media_artist", "Artist", MEDIA, TEXT, PLAIN, HOUR),
    (248, "MediaNowPlayingTitle", "media_title", "Title", MEDIA, TEXT, PLAIN, HOUR),
    (249, "MediaNowPlayingAlbum", "media_album", "Album", MEDIA, TEXT, PLAIN, HOUR),
    (250, "MediaNowPlayingStation", "media_station", "Station", MEDIA, TEXT, PLAIN, HOUR),
    (251, "MediaAudioVolumeIncrement", "media_volume_increment", "Media volume increment", MEDIA, REAL, PLAIN, DAY),
    (252, "MediaAudioVolumeMax", "media_volume_max", "Highest media volume", MEDIA, REAL, PLAIN, DAY),
    (253, "SunroofInstalled", "sunroof_installed", "Sunroof", OTHER, ("sunroof_installed_state",), PLAIN, DAY),
    (254, "SeatVentEnabled", "seat_ventilation_enabled", "Seat ventilation", CLIMATE, FLAG, PLAIN, HOURS_6),
    (255, "RearDefrostEnabled", "rear_defrost_enabled", "Rear defrost", CLIMATE, FLAG, PLAIN, HOURS_6),
    (256, "ChargeRateMilePerHour", "charge_rate_kmh", "Range added per hour", CHARGING, REAL, KMH, MINUTE),
    (257, "Deprecated_3", "deprecated_3", "Deprecated 3", OTHER, UNTYPED, PLAIN, DAY),
    (258, "MilesSinceReset", "distance_since_reset_km", "Distance since reset", DRIVE, REAL, KM, MINUTES_5),
    (259, "SelfDrivingMilesSinceReset", "self_driving_distance_since_reset_km", "Self-driving distance since reset", DRIVE, REAL, KM, MINUTES_5),
    (260, "GpsAccuracyMeters", "gps_accuracy_m", "GPS accuracy", DRIVE, REAL, METRE, MINUTE),
    (261, "LifetimeEnergyChargedKwh", "lifetime_energy_charged_kwh", "Lifetime energy charged", BATTERY, REAL, KWH, MINUTES_5),
    (262, "BrickSocMinPercent", "brick_lowest_charge_pct", "Lowest brick charge", BATTERY, REAL, PERCENT, MINUTES_5),
    (263, "NominalFullPackEnergyKwh", "full_pack_energy_kwh", "Energy of the full pack", BATTERY, REAL, KWH, DAY),
    (264, "GradeEstimatePercent", "road_grade_pct", "Road grade", DRIVE, REAL, PERCENT, FAST),
    (265, "MaxSpeedToReachDestinationMph", "max_speed_to_destination_kmh", "Highest speed to reach the destination", NAVIGATION, REAL, KMH, MINUTE),
    (266, "SoftwareUpdateAvailable", "software_update_available", "Software update available", SOFTWARE, FLAG, PLAIN, DAY),
    (267, "SoftwareUpdateInProgress", "software_update_in_progress", "Software update in progress", SOFTWARE, FLAG, PLAIN, HOURS_6),
    (268, "RemoteStartActive", "remote_start_active", "Remote start active", SAFETY, FLAG, PLAIN, HOURS_6),
    (269, "SemiCruiseSpeedLimitMph", "semi_cruise_speed_limit_kmh", "Semi cruise speed limit", DRIVE, REAL, KMH, HOURS_6),
    (270, "Cabin12vPortKeepOn", "cabin_12v_port_keep_on", "12 V port stays on", BODY, ("cabin_port_keep_on",), PLAIN, DAY),
    (271, "Cabin48vPortKeepOn", "cabin_48v_port_keep_on", "48 V port stays on", BODY, ("cabin_port_keep_on",), PLAIN, DAY),
    (272, "AccessoryRail", "accessory_rail_on", "Accessory power rail", BODY, FLAG, PLAIN, HOURS_6),
    (273, "PowerTransferStatus", "power_transfer_status", "Power transfer status", CHARGING, ("power_transfer_status",), PLAIN, HOURS_6),
    (274, "AutomaticEmergencyBrakingState", "automatic_emergency_braking_state", "Automatic emergency braking", SAFETY, ("automatic_emergency_braking_state",), PLAIN, HOURS_6),
    (275, "RollingResistanceCoefficient", "rolling_resistance_coefficient", "Rolling resistance coefficient", DRIVE, REAL, PLAIN, MINUTES_5),
    (276, "LifetimeDcChargeEnergyKwh", "lifetime_dc_energy_charged_kwh", "Lifetime DC energy charged", BATTERY, REAL, KWH, MINUTES_5),
    (277, "SemiVehicleMassKg", "semi_mass_kg", "Semi vehicle mass", DRIVE, REAL, KG, DAY),
)
# fmt: on

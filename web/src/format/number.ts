const MINUS = "\u2212";
const NARROW = "\u202f";

const formats = new Map<string, Intl.NumberFormat>();

/** A number by the reader's locale with a fixed count of decimals and a true minus sign. */
export function numberText(value: number, decimals: number): string {
  const key = String(decimals);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    formats.set(key, format);
  }
  // A rounded zero has no sign.
  const rounded = Number(value.toFixed(decimals)) === 0 ? 0 : value;
  return format.format(rounded).replace("-", MINUS);
}

/** Decimals by unit: what can be read and means something. */
export function decimalsFor(unit: string | null, value: number): number {
  switch (unit) {
    case "kW":
      return Math.abs(value) < 20 ? 1 : 0;
    case "kWh":
    case "°C":
    case "bar":
    case "V":
    case "A":
      return 1;
    case "km/h":
    case "%":
    case "km":
    case "Wh/km":
    case "°":
    case "min":
    case "s":
      return 0;
    default:
      return Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  }
}

/** The space between a number and its unit; degrees and per cent stand close. */
export function unitGap(unit: string): string {
  return unit === "%" || unit === "°" ? "" : NARROW;
}

/** Number and unit in one piece of text. */
export function measureText(value: number, unit: string | null, decimals = decimalsFor(unit, value)): string {
  const text = numberText(value, decimals);
  return unit ? `${text}${unitGap(unit)}${unit}` : text;
}

import { Segments } from "../ui/Segments";
import { chooseTheme, useThemeChoice, type ThemeChoice } from "./theme";

const OPTIONS: readonly { value: ThemeChoice; text: string }[] = [
  { value: "light", text: "Light" },
  { value: "system", text: "System" },
  { value: "dark", text: "Dark" },
];

export function ThemeSwitch() {
  return <Segments label="Theme" options={OPTIONS} value={useThemeChoice()} onChange={chooseTheme} />;
}

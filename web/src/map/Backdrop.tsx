import { useEffect, useRef } from "react";
import { FleetStore } from "../fleet/store";
import { useTheme } from "../theme/theme";
import { MapEngine } from "./engine";

const nothing = () => undefined;

/** A quiet map behind the sign-in page: ground and streets, no cars, no controls. */
export default function Backdrop() {
  const box = useRef<HTMLDivElement>(null);
  const engine = useRef<MapEngine | null>(null);
  const theme = useTheme();
  useEffect(() => {
    if (!box.current) return undefined;
    const events = { onPick: nothing, onFan: nothing, onMove: nothing, onUserMove: nothing };
    const place = { latitude: 57.702, longitude: 11.962, zoom: 12.7 };
    const options = { place, interactive: false, attribution: "© OpenStreetMap contributors", styleUrl: null, reducedMotion: true };
    const made = new MapEngine(box.current, new FleetStore(), events, options);
    engine.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => engine.current?.setTheme(theme), [theme]);
  return <div ref={box} className="absolute inset-0" inert />;
}

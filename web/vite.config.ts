import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds the API; the built app is always served by the API itself.
const api = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  assetsInclude: ["**/*.pmtiles"],
  build: {
    target: "es2023",
    // The content security policy allows no data: scripts or fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    // Read by scripts/size.mjs to tell the first screen from what is loaded later.
    manifest: true,
    modulePreload: { polyfill: false },
    // MapLibre alone is larger than the default warning; scripts/size.mjs holds the real budgets.
    chunkSizeWarningLimit: 1300,
  },
  server: { proxy: { "/v1": api, "/config.json": api } },
  test: { environment: "jsdom", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});

import { describe, expect, it } from "vitest";
import { parseLiveSearch, parseQuery, writeQuery, type LiveSearch } from "./search";

const round = (search: LiveSearch) => parseLiveSearch(parseQuery(writeQuery({ ...search })));

describe("the address of the live page", () => {
  it("comes back as it went out", () => {
    const search: LiveSearch = {
      vehicle: "abcdefghijklmnopqrstuvwxy2",
      q: "007 Göta & älv",
      status: ["driving", "offline"],
      sort: "battery",
      at: { latitude: 57.7, longitude: -11.97, zoom: 12.5 },
      follow: true,
    };
    expect(round(search)).toEqual(search);
  });

  it("is empty for the page as it starts", () => expect(writeQuery({})).toBe(""));

  it("can be read by a person", () => {
    expect(writeQuery({ status: ["driving", "parked"], at: { latitude: 57.7, longitude: 11.97, zoom: 12 } })).toBe("?status=driving,parked&at=57.70000,11.97000,12.00");
  });

  it.each([
    ["vehicle=../../etc"],
    ["status=flying"],
    ["at=91,0,3"],
    ["at=1,2"],
    ["at=a,b,c"],
    ["sort=change"],
    ["sort=nothing"],
    ["follow=1"],
    ["q="],
  ])("drops what means nothing: %s", (query) => expect(parseLiveSearch(parseQuery(query))).toEqual({}));

  it("keeps states in the fixed order, each once", () => {
    expect(parseLiveSearch({ status: "offline,driving,driving" })).toEqual({ status: ["driving", "offline"] });
  });
});

import { ArrowDownUp, Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { SORT_NAME, SORTS, type Sort } from "../fleet/order";
import { IconButton } from "../ui/Button";
import { MENU, MENU_ITEM } from "../ui/menu";

export function SortMenu({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton label="Order of the list">
          <ArrowDownUp />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={MENU}>
          <DropdownMenu.RadioGroup value={sort} onValueChange={(value) => onSort(value as Sort)}>
            {SORTS.map((each) => (
              <DropdownMenu.RadioItem key={each} value={each} className={MENU_ITEM}>
                <span className="size-4">
                  <DropdownMenu.ItemIndicator>
                    <Check className="size-4 stroke-[1.75]" />
                  </DropdownMenu.ItemIndicator>
                </span>
                {SORT_NAME[each]}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

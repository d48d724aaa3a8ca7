"""The workbook of a territory: what stands on each sheet, and how Excel is told it."""

import type { Reading } from './get-figures.ts'
import { lastDays, presetOf, RANGES, type Selection, todayOf } from './selection.ts'

interface FiltersProps {
  reading: Reading
  selection: Selection
  onSelect(selection: Selection): void
}

/** Selects the app and the days. */
export function Filters({ reading, selection, onSelect }: FiltersProps) {
  const today = todayOf(reading)
  const preset = presetOf(selection, today)
  const day = (end: 'from' | 'to', label: string) => (
    <label>
      {label}
      <input
        type="date"
        value={selection[end]}
        min={end === 'from' ? reading.since : selection.from}
        max={end === 'to' ? today : selection.to}
        onChange={({ currentTarget }) => {
          if (currentTarget.validity.valid && currentTarget.value)
            onSelect({ ...selection, [end]: currentTarget.value })
        }}
      />
    </label>
  )
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        App
        <select
          value={selection.app}
          onChange={({ currentTarget }) => onSelect({ ...selection, app: currentTarget.value })}
        >
          <option value="">All</option>
          {appsOf(reading, selection).map((app) => (
            <option key={app}>{app}</option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend class="visually-hidden">Days</legend>
        {RANGES.map((days) => (
          <label key={days}>
            <input
              type="radio"
              name="days"
              checked={days === preset}
              onChange={() => onSelect({ ...selection, ...lastDays(days, today) })}
            />
            <span>{days} days</span>
          </label>
        ))}
      </fieldset>
      <div class="days">
        {day('from', 'From')}
        {day('to', 'To')}
      </div>
    </form>
  )
}

function appsOf({ views }: Reading, { app }: Selection): string[] {
  const apps = new Set(views.images_by_hour.map((row) => row.app))
  if (app) apps.add(app)
  return [...apps].toSorted()
}

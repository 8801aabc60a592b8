import { type ComponentChild, type RefObject, render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { element } from './messages.tsx'

/** Adds a dialog to the page until it calls `close`. */
export function openDialog(dialog: (close: () => void) => ComponentChild): void {
  const container = document.createElement('div')
  element('dialogs').append(container)
  const close = () => {
    render(null, container)
    container.remove()
  }
  render(dialog(close), container)
}

/**
 * Shows a dialog as a modal one as long as the component is mounted. Everything outside of it is inert, so the page's messages
 * move into it.
 */
export function useModal(): RefObject<HTMLDialogElement> {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    const messages = element('notices')
    const { parentElement } = messages
    dialog?.showModal()
    dialog?.append(messages)
    dialog?.addEventListener('keydown', keepFocus)
    return () => void parentElement?.append(messages)
  }, [])
  return ref
}

/** A modal dialog lets the focus leave to the browser's own controls; this keeps it in the dialog. */
function keepFocus(event: KeyboardEvent): void {
  if (event.key !== 'Tab') return
  const dialog = event.currentTarget as HTMLElement
  const stops = [...dialog.querySelectorAll<HTMLElement>('button:enabled, a[href]')]
  const [first, last] = [stops[0], stops.at(-1)]
  const { activeElement } = document
  const isInside = activeElement !== dialog && dialog.contains(activeElement)
  const edge = event.shiftKey ? first : last
  if (isInside && activeElement !== edge) return
  event.preventDefault()
  ;(event.shiftKey ? last : first)?.focus()
}

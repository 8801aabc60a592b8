import { element } from './say.ts'

/**
 * The dashboard takes what is dropped on it, and what is pasted while it has the focus. The rest of the page takes
 * pictures as well: a browser would leave the page for a file that is dropped beside the dashboard.
 */
export function addAnywhere(add: (files: File[]) => void): void {
  const dashboard = element('uploader')
  const isElsewhere = ({ target }: Event) => !dashboard.contains(target as Node)
  addEventListener('paste', (event) => {
    if (isElsewhere(event) && !dashboard.contains(document.activeElement)) add(filesOf(event.clipboardData))
  })
  addEventListener('dragover', (event) => isElsewhere(event) && event.preventDefault())
  addEventListener('drop', (event) => {
    if (!isElsewhere(event)) return
    event.preventDefault()
    add(filesOf(event.dataTransfer))
  })
}

function filesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])]
}

import { fromEvent } from 'file-selector'
import { find } from './document.ts'

/** Takes pictures from the two file dialogs, and pictures and folders that are dropped or pasted anywhere. */
export function onPictures(take: (files: File[]) => void): void {
  for (const id of ['files', 'folder']) {
    const input = find<HTMLInputElement>(id)
    input.addEventListener('change', () => {
      takePictures([...(input.files ?? [])])
      input.value = ''
    })
  }
  find('choose-folder').addEventListener('click', () => find('folder').click())
  const drop = find('drop')
  document.addEventListener('paste', ({ clipboardData }) => takePictures([...(clipboardData?.files ?? [])]))
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) drop.classList.remove('over')
  })
  document.addEventListener('drop', async (event) => {
    event.preventDefault()
    drop.classList.remove('over')
    const files = await fromEvent(event).catch(() => [...(event.dataTransfer?.files ?? [])])
    takePictures(files.filter((file) => file instanceof File))
    if (files.length === 0)
      find('left-out').textContent =
        'There is no file in what you dropped. Save the picture to this device, then add the file.'
  })

  /** A folder has other files too. What was chosen by itself is sent, and the server says if it is no picture. */
  function takePictures(files: File[]): void {
    const pictures = files.filter((file) => !isInFolder(file) || file.type.startsWith('image/'))
    find('left-out').textContent = leftOut(files.length - pictures.length)
    take(pictures)
  }
}

function leftOut(others: number): string {
  if (others === 0) return ''
  return others === 1
    ? '1 file is not a picture and was left out.'
    : `${others} files are not pictures and were left out.`
}

/** Browsers set the path for a chosen folder, and file-selector for a dropped one. */
function isInFolder(file: File): boolean {
  const { relativePath = '' } = file as { relativePath?: string }
  return (file.webkitRelativePath || relativePath.replace(/^\.?\//, '')).includes('/')
}

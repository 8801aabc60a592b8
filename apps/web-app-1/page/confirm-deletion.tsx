import { openDialog, useModal } from './modal.tsx'

/** Asks before a picture is deleted. Resolves with whether the user agreed. */
export function confirmDeletion(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    openDialog((close) => {
      const onClose = (isConfirmed: boolean) => {
        close()
        resolve(isConfirmed)
      }
      return <Confirmation name={name} onClose={onClose} />
    })
  })
}

interface ConfirmationProps {
  name: string
  onClose: (isConfirmed: boolean) => void
}

function Confirmation({ name, onClose }: ConfirmationProps) {
  const dialog = useModal()
  return (
    <dialog
      ref={dialog}
      class="confirmation"
      aria-labelledby="confirmation-name"
      onClose={({ currentTarget }) => onClose(currentTarget.returnValue === 'delete')}
    >
      <form method="dialog">
        <h2 id="confirmation-name">
          Delete <bdi>{name}</bdi>?
        </h2>
        <p>The picture and all its copies are deleted. You can’t undo this.</p>
        <p class="sources">
          <button type="submit" value="cancel" class="quiet">
            Cancel
          </button>
          <button type="submit" value="delete" class="bad">
            Delete
          </button>
        </p>
      </form>
    </dialog>
  )
}

//! Access logs: their bytes in blocks, gone through by all threads at once.

pub(crate) mod derive;
pub(crate) mod replay;
pub(crate) mod source;

use source::{Block, Source};

/// Goes through all blocks on all threads, each with a worker of its own. What the workers found has to be put together
/// to the same result whoever found it.
pub(crate) fn each_block<W: Send>(
    source: &Source<'_>,
    worker: impl Fn() -> W + Sync,
    go_through: impl Fn(&mut W, &Block) + Sync,
    progress: impl Fn(u64) + Sync,
) -> Vec<W> {
    rayon::broadcast(|_| {
        let mut worker = worker();
        let mut block = Block::new();
        while source.next(&mut block) {
            go_through(&mut worker, &block);
            progress(source.read());
        }
        worker
    })
}

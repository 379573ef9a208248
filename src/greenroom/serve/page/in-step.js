/** One clip that keeps up with another. */

// Less than this apart, the two are seen as one; further apart than the second, a jump is better than a chase.
const TOGETHER_S = 0.04;
const JUMP_S = 0.3;

/**
 * Let a clip play and pause with the one that leads.
 * @param {HTMLVideoElement} leader
 * @param {HTMLVideoElement} follower
 * @param {number} from seconds into the follower at which the leader begins
 */
export function keepInStep(leader, follower, from = 0) {
  const catchUp = () => {
    if (leader.paused || !leader.isConnected) return;
    const late = leader.currentTime + from - follower.currentTime;
    if (follower.ended || Math.abs(late) < TOGETHER_S) follower.playbackRate = 1;
    else if (Math.abs(late) > JUMP_S) follower.currentTime = leader.currentTime + from;
    else follower.playbackRate = late > 0 ? 1.1 : 0.9;
    requestAnimationFrame(catchUp);
  };
  leader.addEventListener("play", () => {
    follower.play().catch(() => {});
    catchUp();
  });
  leader.addEventListener("pause", () => {
    follower.pause();
    follower.currentTime = leader.currentTime + from;
  });
  leader.addEventListener("ended", () => follower.pause());
  leader.addEventListener("waiting", () => follower.pause());
  // What was waited for may come when it is paused again.
  leader.addEventListener("playing", () => leader.paused || follower.play().catch(() => {}));
}

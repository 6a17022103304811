# The peer is built from its source, against Debian's FFmpeg.
$(VENV)/.bench-video: $(VENV)/.bench bench/vpdq.lock
	@tools/debian.sh g++ pkg-config libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libswscale-dev
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r bench/vpdq.lock
	@touch $@

.PHONY: bench-video
bench-video: setup $(VENV)/.bench-video ## hashing video against vpdq, on one processor
	@$(PY) bench/video.py $(ARGS)

// hw/replay/module.cc: the replay device as a SoapySDR module, driver=lineside-replay. SoapySDR's
// plug-in interface is C++; all that happens is in hw/replay/replay.c. Devices stay known to the
// module while the program runs, by recording and serial: the air goes on between two openings.
#include <SoapySDR/ConverterRegistry.hpp>
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include "hw/replay/replay.h"
}

namespace {

using SoapySDR::Kwargs;

struct Machine {
    std::unique_ptr<ls_replay, decltype(&ls_replay_destroy)> replay{nullptr, ls_replay_destroy};
    Kwargs args; // it was made with
};

std::mutex machines_lock;
std::map<std::string, Machine> machines;

[[noreturn]] void fail(const ls_err &err) { throw std::runtime_error(err.text); }

std::string value_of(const Kwargs &args, const std::string &key, const std::string &otherwise) {
    auto found = args.find(key);
    return found == args.end() ? otherwise : found->second;
}

ls_replay *make_replay(const Kwargs &args) {
    std::vector<const char *> keys;
    std::vector<const char *> values;
    for (const auto &pair : args) {
        keys.push_back(pair.first.c_str());
        values.push_back(pair.second.c_str());
    }
    ls_replay *replay = nullptr;
    ls_err err{};
    if (ls_replay_create(&replay, keys.data(), values.data(), keys.size(), &err) != LS_OK) {
        fail(err);
    }
    return replay;
}

// The device of that recording and serial; one that is closed and was made otherwise is made anew.
ls_replay *machine_of(const Kwargs &args) {
    std::lock_guard<std::mutex> hold(machines_lock);
    Machine &machine = machines[value_of(args, "serial", "1") + ":" + value_of(args, "file", "")];
    if (!machine.replay || (machine.args != args && !ls_replay_is_open(machine.replay.get()))) {
        machine.replay.reset(); // first, as both may write the same truth
        machine.replay.reset(make_replay(args));
        machine.args = args;
    }
    return machine.replay.get();
}

const char *soapy_name(ls_format format) {
    switch (format) {
    case LS_FORMAT_CU8:
        return SOAPY_SDR_CU8;
    case LS_FORMAT_CI8:
        return SOAPY_SDR_CS8;
    case LS_FORMAT_CI16_LE:
        return SOAPY_SDR_CS16;
    default:
        return SOAPY_SDR_CF32;
    }
}

void copy_name(char (&ret)[LS_REPLAY_NAME_BYTES], const std::string &name) {
    std::snprintf(ret, sizeof ret, "%s", name.c_str());
}

template <size_t N> std::vector<std::string> words(const char *const (&list)[N]) {
    return std::vector<std::string>(list, list + N);
}

template <size_t N> void check(const char *const (&list)[N], const std::string &name) {
    for (const char *word : list) {
        if (name == word) {
            return;
        }
    }
    throw std::runtime_error("there is no '" + name + "'");
}

// One receiving channel; the stream handle is the device itself.
class Replay : public SoapySDR::Device {
  public:
    explicit Replay(ls_replay *replay) : replay_(replay), info_(*::ls_replay_info(replay)) {
        ls_err err{};
        if (ls_replay_open(replay_, &err) != LS_OK) {
            fail(err);
        }
    }
    ~Replay() override { ls_replay_close(replay_); }
    Replay(const Replay &) = delete;
    Replay &operator=(const Replay &) = delete;

    std::string getDriverKey() const override { return "lineside-replay"; }
    std::string getHardwareKey() const override { return "replay"; }
    Kwargs getHardwareInfo() const override {
        return {{"serial", info_.serial}, {"file", info_.path}};
    }
    size_t getNumChannels(const int direction) const override {
        return direction == SOAPY_SDR_RX ? 1 : 0;
    }

    // --- stream ---
    std::vector<std::string> getStreamFormats(const int, const size_t) const override {
        std::vector<std::string> formats{soapy_name(info_.format)};
        for (const char *other : {SOAPY_SDR_CS16, SOAPY_SDR_CF32}) {
            if (formats[0] != other) {
                formats.push_back(other);
            }
        }
        return formats;
    }
    std::string getNativeStreamFormat(const int, const size_t, double &scale) const override {
        scale = info_.full_scale;
        return soapy_name(info_.format);
    }
    SoapySDR::Stream *setupStream(const int direction, const std::string &format,
                                  const std::vector<size_t> &channels, const Kwargs &) override {
        if (direction != SOAPY_SDR_RX || channels.size() > 1 ||
            (channels.size() == 1 && channels[0] != 0)) {
            throw std::runtime_error("there is one receiving channel, 0");
        }
        convert_ = nullptr;
        if (format != soapy_name(info_.format)) {
            convert_ = SoapySDR::ConverterRegistry::getFunction(soapy_name(info_.format), format);
            native_.resize(info_.mtu_samples * ls_format_bytes(info_.format));
        }
        return reinterpret_cast<SoapySDR::Stream *>(this);
    }
    void closeStream(SoapySDR::Stream *) override {}
    size_t getStreamMTU(SoapySDR::Stream *) const override { return info_.mtu_samples; }
    int activateStream(SoapySDR::Stream *, const int flags, const long long,
                       const size_t) override {
        ls_err err{};
        if (flags != 0) {
            return SOAPY_SDR_NOT_SUPPORTED;
        }
        if (ls_replay_start(replay_, &err) != LS_OK) {
            fail(err);
        }
        return 0;
    }
    int deactivateStream(SoapySDR::Stream *, const int, const long long) override {
        ls_replay_stop(replay_);
        return 0;
    }
    int readStream(SoapySDR::Stream *, void *const *buffs, const size_t count, int &flags,
                   long long &t_ns, const long timeout_us) override {
        size_t room = std::min(count, info_.mtu_samples);
        ls_replay_reading reading{};
        void *to = convert_ == nullptr ? buffs[0] : native_.data();
        ls_replay_read(replay_, to, room, timeout_us, &reading);
        flags = reading.timed ? SOAPY_SDR_HAS_TIME : 0;
        t_ns = reading.t_ns;
        if (reading.kind == LS_REPLAY_SAMPLES && convert_ != nullptr) {
            convert_(to, buffs[0], reading.count, 1.0);
        }
        return code_of(reading);
    }

    // --- settings ---
    std::vector<std::string> listAntennas(const int, const size_t) const override {
        return words(ls_replay_antennas);
    }
    void setAntenna(const int, const size_t, const std::string &name) override {
        check(ls_replay_antennas, name);
        ls_replay_settings now = settings();
        copy_name(now.antenna, name);
        ls_replay_set(replay_, &now);
    }
    std::string getAntenna(const int, const size_t) const override { return settings().antenna; }

    std::vector<std::string> listGains(const int, const size_t) const override {
        return words(ls_replay_gain_names);
    }
    bool hasGainMode(const int, const size_t) const override { return true; }
    void setGainMode(const int, const size_t, const bool automatic) override {
        ls_replay_settings now = settings();
        now.automatic_gain = automatic;
        ls_replay_set(replay_, &now);
    }
    bool getGainMode(const int, const size_t) const override { return settings().automatic_gain; }
    using SoapySDR::Device::getGain;
    using SoapySDR::Device::getGainRange;
    using SoapySDR::Device::setGain;
    void setGain(const int, const size_t, const std::string &name, const double db) override {
        check(ls_replay_gain_names, name);
        ls_replay_settings now = settings();
        now.gain_db[name == ls_replay_gain_names[0] ? 0 : 1] = std::max(0.0, std::min(40.0, db));
        ls_replay_set(replay_, &now);
    }
    double getGain(const int, const size_t, const std::string &name) const override {
        check(ls_replay_gain_names, name);
        const bool first = name == ls_replay_gain_names[0];
        return settings().gain_db[first ? 0 : 1] - (first ? ls_replay_gain_lost(replay_) : 0.0);
    }
    SoapySDR::Range getGainRange(const int, const size_t, const std::string &) const override {
        return SoapySDR::Range(0.0, 40.0);
    }

    bool hasFrequencyCorrection(const int, const size_t) const override { return true; }
    void setFrequencyCorrection(const int, const size_t, const double ppm) override {
        ls_replay_settings now = settings();
        now.ppm = ppm;
        ls_replay_set(replay_, &now);
    }
    double getFrequencyCorrection(const int, const size_t) const override { return settings().ppm; }

    std::vector<std::string> listFrequencies(const int, const size_t) const override {
        return {"RF"};
    }
    using SoapySDR::Device::getFrequency;
    using SoapySDR::Device::getFrequencyRange;
    using SoapySDR::Device::setFrequency;
    void setFrequency(const int, const size_t, const std::string &, const double hz,
                      const Kwargs &) override {
        ls_err err{};
        if (ls_replay_tune(replay_, hz, &err) != LS_OK) {
            fail(err);
        }
    }
    double getFrequency(const int, const size_t, const std::string &) const override {
        return settings().center_hz;
    }
    SoapySDR::RangeList getFrequencyRange(const int, const size_t,
                                          const std::string &) const override {
        return {SoapySDR::Range(info_.low_hz, info_.high_hz)};
    }

    void setSampleRate(const int, const size_t, const double sps) override {
        if (std::abs(sps - info_.rate_sps) > 1e-9 * info_.rate_sps) {
            throw std::runtime_error("the recording has another rate");
        }
    }
    double getSampleRate(const int, const size_t) const override { return info_.rate_sps; }
    std::vector<double> listSampleRates(const int, const size_t) const override {
        return {info_.rate_sps};
    }
    void setBandwidth(const int, const size_t, const double hz) override {
        ls_replay_settings now = settings();
        now.bandwidth_hz = hz;
        ls_replay_set(replay_, &now);
    }
    double getBandwidth(const int, const size_t) const override { return settings().bandwidth_hz; }
    SoapySDR::RangeList getBandwidthRange(const int, const size_t) const override {
        return {SoapySDR::Range(info_.rate_sps / 10.0, info_.rate_sps)};
    }

    std::vector<std::string> listClockSources() const override {
        return words(ls_replay_clock_sources);
    }
    void setClockSource(const std::string &name) override {
        check(ls_replay_clock_sources, name);
        ls_replay_settings now = settings();
        copy_name(now.clock_source, name);
        ls_replay_set(replay_, &now);
    }
    std::string getClockSource() const override { return settings().clock_source; }
    std::vector<std::string> listTimeSources() const override {
        return words(ls_replay_time_sources);
    }
    void setTimeSource(const std::string &name) override {
        check(ls_replay_time_sources, name);
        ls_replay_settings now = settings();
        copy_name(now.time_source, name);
        ls_replay_set(replay_, &now);
    }
    std::string getTimeSource() const override { return settings().time_source; }
    bool hasHardwareTime(const std::string &what) const override { return what.empty(); }
    long long getHardwareTime(const std::string &) const override {
        return ls_replay_time(replay_);
    }
    void setHardwareTime(const long long t_ns, const std::string &) override {
        ls_replay_set_time(replay_, t_ns);
    }

    std::vector<std::string> listSensors() const override { return {"temperature"}; }
    SoapySDR::ArgInfo getSensorInfo(const std::string &key) const override {
        SoapySDR::ArgInfo info;
        info.key = key;
        info.type = SoapySDR::ArgInfo::FLOAT;
        info.units = "C";
        return info;
    }
    std::string readSensor(const std::string &key) const override {
        if (key != "temperature") {
            throw std::runtime_error("there is no sensor '" + key + "'");
        }
        return std::to_string(ls_replay_temperature(replay_));
    }

    SoapySDR::ArgInfoList getSettingInfo() const override {
        SoapySDR::ArgInfo info;
        info.key = "biastee";
        info.value = SOAPY_SDR_FALSE;
        info.type = SoapySDR::ArgInfo::BOOL;
        info.description = "power on the antenna socket";
        return {info};
    }
    void writeSetting(const std::string &key, const std::string &value) override {
        if (key != "biastee") {
            throw std::runtime_error("there is no setting '" + key + "'");
        }
        ls_replay_settings now = settings();
        now.bias_tee = value == SOAPY_SDR_TRUE;
        ls_replay_set(replay_, &now);
    }
    std::string readSetting(const std::string &key) const override {
        return key == "biastee" && settings().bias_tee ? SOAPY_SDR_TRUE : SOAPY_SDR_FALSE;
    }

  private:
    ls_replay_settings settings() const { return ls_replay_settings_now(replay_); }

    static int code_of(const ls_replay_reading &reading) {
        switch (reading.kind) {
        case LS_REPLAY_SAMPLES:
            return static_cast<int>(reading.count);
        case LS_REPLAY_TIMEOUT:
            return SOAPY_SDR_TIMEOUT;
        case LS_REPLAY_OVERFLOW:
            return SOAPY_SDR_OVERFLOW;
        case LS_REPLAY_CORRUPT:
            return SOAPY_SDR_CORRUPTION;
        case LS_REPLAY_ERROR:
            return SOAPY_SDR_STREAM_ERROR;
        default:
            throw std::runtime_error(reading.text);
        }
    }

    ls_replay *replay_;
    struct ls_replay_info info_; // also a function's name, as settings are
    SoapySDR::ConverterRegistry::ConverterFunction convert_{nullptr};
    std::vector<unsigned char> native_;
};

// Only who asks for it finds it: a list of radios has no recordings in it.
SoapySDR::KwargsList find(const Kwargs &args) {
    if (value_of(args, "driver", "") != "lineside-replay") {
        return {};
    }
    Kwargs found = args; // all of them, as they are what opens it
    found["label"] = "replay of " + value_of(args, "file", "file=RECORDING");
    found["serial"] = value_of(args, "serial", "1");
    return {found};
}

SoapySDR::Device *make(const Kwargs &args) { return new Replay(machine_of(args)); }

const SoapySDR::Registry registration("lineside-replay", &find, &make, SOAPY_SDR_ABI_VERSION);

} // namespace
